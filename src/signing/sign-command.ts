/** Signs with the command of the input `sign-command`, so that the key stays in a KMS, a vault or an HSM. */
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf, warning } from '../runner/log.ts';
import { quote } from '../runner/quote.ts';
import { type End, MAX_STDERR_BYTES, MAX_STDOUT_BYTES, runInBash } from './bash.ts';
import { readSignature } from './signature.ts';

const TIME_LIMIT_MS = 30_000;
/** What a `run:` step does not get either: inputs, state, and the access to GitHub's own services. */
const NOT_FOR_COMMANDS = /^(?:INPUT|STATE|ACTIONS_(?:RUNTIME|CACHE|RESULTS))_/i;
const MAX_STDERR_CHARACTERS_READ = 64 * 1024;
/** The telling line of standard error is often not the last. */
const STDERR_CHARACTERS = 300;
/**
 * What may be a signature, with which anybody who has the signing input has the JWT: hexadecimal, or base64 in one line
 * or several. Base64 has many capitals, and the long name of a key has few.
 */
const LIKE_SIGNATURE =
  /(?:(?=(?:[^A-Z ]{0,40}[A-Z]){8})[\w+/=-]{60,} ?)+(?:[\w+/=-]{16,})?|(?:[\da-fA-F]{2}[ :]?){40,}/g;
const NOT_FOUND = 127;
const PRINT_SIGNATURE =
  'It must print an RSASSA-PKCS1-v1_5 signature with SHA-256, as base64 or raw bytes, and nothing else.';

/**
 * @param signingInput ASCII; the command gets it on standard input and in the file ICR_SIGNING_INPUT
 * @param cancelled its reason is thrown
 * @throws Error with a sentence that says how the command failed, and the fix
 */
export async function signByCommand(
  command: string,
  signingInput: string,
  cancelled?: AbortSignal,
  timeLimitMs = TIME_LIMIT_MS,
): Promise<Buffer> {
  const { folder, stdio } = createFiles(signingInput);
  try {
    const env = environment(`${folder}/input`, signingInput);
    const end = await runInBash(command, stdio, env, folder, timeLimitMs, cancelled).catch(explainStart);
    const said = () => quoteEnd(readFileSync(`${folder}/stderr`, 'utf8'));
    if (end !== 0) throw new Error(`\`sign-command\` ${describeEnd(end, timeLimitMs, said)}`);
    const printed = readSignature(readFileSync(`${folder}/stdout`));
    if ('signature' in printed) return printed.signature;
    throw new Error(`\`sign-command\` ${printed.mistake}. ${PRINT_SIGNATURE}${said()}`);
  } finally {
    for (const descriptor of stdio) closeSync(descriptor);
    removeFolder(folder);
  }
}

/** Files, because Node's pipes are sockets on Linux, which can't be opened by name as `/dev/stdout`. */
function createFiles(signingInput: string): { folder: string; stdio: [number, number, number] } {
  const temp = process.env['RUNNER_TEMP'] ?? '';
  // Windows takes slashes too, and a shell inside the command would take backslashes for escapes.
  const parent = process.platform === 'win32' ? temp.replaceAll('\\', '/') : temp;
  if (parent === '') {
    throw new Error('`sign-command` needs RUNNER_TEMP, which is not set. Run the action on a GitHub Actions runner.');
  }
  try {
    const folder = mkdtempSync(`${parent}/icr-signing-`);
    writeFileSync(`${folder}/input`, signingInput, { mode: 0o600 });
    const open = (name: string, flags: string) => openSync(`${folder}/${name}`, flags, 0o600);
    // Appended to, so that a program that opens one by name doesn't write over what another wrote.
    return { folder, stdio: [open('input', 'r'), open('stdout', 'a'), open('stderr', 'a')] };
  } catch (error) {
    throw new Error(
      `\`sign-command\` needs a file in RUNNER_TEMP, which can’t be written. Check that folder on the runner. The system says: ${messageOf(error)}.`,
      { cause: error },
    );
  }
}

function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    warning(`The folder ${folder} could not be removed (${messageOf(error)}). It holds no key: delete it.`);
  }
}

function environment(file: string, signingInput: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !NOT_FOR_COMMANDS.test(name));
  const digest = createHash('sha256').update(signingInput).digest('base64');
  return { ...Object.fromEntries(others), ICR_SIGNING_INPUT: file, ICR_SIGNING_DIGEST: digest };
}

function explainStart(error: unknown): never {
  if (!(error instanceof Error && 'code' in error)) throw error;
  const message =
    error.code === 'ENOENT'
      ? '`sign-command` needs `bash`, which is not on the PATH. Install it on the runner, or use another runner.'
      : `\`sign-command\` could not be started (${error.code}). Check the runner’s memory and its limit of processes.`;
  throw new Error(message, { cause: error });
}

function describeEnd(end: End, timeLimitMs: number, said: () => string): string {
  switch (end) {
    case 'timeout':
      return `did not end within ${timeLimitMs / 1000} s. Check that it asks for no input, and that the signer can be reached.${said()}`;
    case 'long stdout':
      return `printed more than ${MAX_STDOUT_BYTES / 1024} KiB. ${PRINT_SIGNATURE}`;
    case 'long stderr':
      return `printed more than ${MAX_STDERR_BYTES / 1024 / 1024} MiB on standard error. Let it print less.`;
    case NOT_FOUND:
      return `names a program that was not found (exit code ${end}). Install it in a step before, or correct the name.${said()}`;
    default:
      return typeof end === 'number'
        ? `failed with exit code ${end}. Check the command, its credentials and its permission to sign.${said()}`
        : `was ended by ${end}. Check what ended it: the runner’s memory, or the command itself.${said()}`;
  }
}

/** Quotes the end of standard error, or says that there was nothing. */
function quoteEnd(stderr: string): string {
  const line = lastWords(stderr, MAX_STDERR_CHARACTERS_READ).replace(/\s+/g, ' ').replace(LIKE_SIGNATURE, ' *** ');
  const quoted = quote(lastWords(line.replace(/ +/g, ' ').trim(), STDERR_CHARACTERS), Number.POSITIVE_INFINITY);
  return quoted === '' ? ' It said nothing on standard error.' : ` It said: “${quoted}”`;
}

/** Cut between words, so that the runner's masks still match what is shown. */
function lastWords(text: string, maxCharacters: number): string {
  return text.length <= maxCharacters ? text : `…${text.slice(-maxCharacters).replace(/^\S*/, '')}`;
}
