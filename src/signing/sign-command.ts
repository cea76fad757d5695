/** Signs with the command of the input `sign-command`, so that the key stays in a KMS, a vault or an HSM. */
import { createHash, randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf, warning } from '../runner/log.ts';
import { quote } from '../runner/quote.ts';
import { MAX_STDOUT_BYTES, type Outcome, runInBash, TIME_LIMIT_MS } from './bash.ts';
import { readSignature } from './signature.ts';

/** The telling line of standard error is often not the last. */
const STDERR_CHARACTERS = 300;
const NOT_FOUND = 127;
const SECRET_NAME = /TOKEN|SECRET|PASSW|CREDENTIAL|KEY$|(?:^|_)PIN$/i;
/**
 * What may be a signature, with which anybody who has the signing input has the JWT: base64 in one line or in several,
 * or hexadecimal.
 */
const LIKE_SIGNATURE = /[\w+/=-]{80,}|(?:[\w+/=-]{48,} ){2,}[\w+/=-]*|(?:[\da-f]{2,8}[ :]){32,}[\da-f]*/gi;
const MIN_SECRET_CHARACTERS = 4;
const PRINT_SIGNATURE =
  'It must print an RSASSA-PKCS1-v1_5 signature with SHA-256, as base64 or raw bytes, and nothing else.';

/**
 * @param signingInput ASCII; the command gets it on standard input and in the file ICR_SIGNING_INPUT
 * @param cancelled its reason is thrown
 * @throws Error with a sentence that says how the command failed, and the fix
 */
export async function signByCommand(command: string, signingInput: string, cancelled?: AbortSignal): Promise<Buffer> {
  assertWorkingFolder();
  const outcome = await withInputFile(signingInput, (file, stdin) =>
    runInBash(command, stdin, environment(file, signingInput), cancelled).catch(explainStart),
  );
  if (outcome.end !== 'exit' || outcome.exitCode !== 0) throw new Error(describeFailure(outcome));
  const printed = readSignature(outcome.stdout);
  if ('signature' in printed) return printed.signature;
  throw new Error(`\`sign-command\` ${printed.mistake}. ${PRINT_SIGNATURE}${quoteEnd(outcome.stderr, '')}`);
}

/** The file is removed whatever happens, also if the process exits in between. */
async function withInputFile<T>(text: string, use: (file: string, descriptor: number) => Promise<T>): Promise<T> {
  const file = `${forwardSlashes(process.env['RUNNER_TEMP'] ?? '')}/icr-signing-input-${randomUUID()}`;
  const remove = () => rmSync(file, { force: true });
  process.once('exit', remove);
  let descriptor: number | undefined;
  try {
    descriptor = openInputFile(file, text);
    return await use(file, descriptor);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
    process.off('exit', remove);
    try {
      remove();
    } catch (error) {
      warning(`The signing input could not be removed (${messageOf(error)}). It holds no secret: delete it.`);
    }
  }
}

function openInputFile(file: string, text: string): number {
  if ((process.env['RUNNER_TEMP'] ?? '') === '') {
    throw new Error('`sign-command` needs RUNNER_TEMP, which is not set. Run the action on a GitHub Actions runner.');
  }
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 });
    return openSync(file, 'r');
  } catch (error) {
    throw new Error(
      `\`sign-command\` needs a file in RUNNER_TEMP, which can’t be written. Check that folder on the runner. The system says: ${messageOf(error)}.`,
      { cause: error },
    );
  }
}

function environment(file: string, signingInput: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !/^(?:INPUT|STATE)_/.test(name));
  const digest = createHash('sha256').update(signingInput).digest('base64');
  return { ...Object.fromEntries(others), ICR_SIGNING_INPUT: file, ICR_SIGNING_DIGEST: digest };
}

/** Node says of a folder that is gone what it says of a program that is missing. */
function assertWorkingFolder(): void {
  try {
    process.cwd();
  } catch (error) {
    throw new Error(
      '`sign-command` can’t run: the job’s working folder was removed. Keep the folder of GITHUB_WORKSPACE.',
      { cause: error },
    );
  }
}

function explainStart(error: unknown): never {
  if (!(error instanceof Error && 'code' in error)) throw error;
  const message =
    error.code === 'ENOENT'
      ? '`sign-command` needs `bash`, which is not on the PATH. Install it on the runner, or use another runner.'
      : `\`sign-command\` could not be started (${error.code}). Check the runner’s memory and its limit of processes.`;
  throw new Error(message, { cause: error });
}

function describeFailure(outcome: Outcome): string {
  const said = quoteEnd(outcome.stderr);
  switch (outcome.end) {
    case 'timeout':
      return `\`sign-command\` did not end within ${TIME_LIMIT_MS / 1000} s. Check that it waits for nobody’s answer and that the signer can be reached.${said}`;
    case 'flood':
      return `\`sign-command\` printed more than ${MAX_STDOUT_BYTES / 1024} KiB. ${PRINT_SIGNATURE}`;
    case 'signal':
      return `\`sign-command\` was ended by ${outcome.signal}. Check what ended it: the runner’s memory, or the command itself.${said}`;
    case 'exit':
      return outcome.exitCode === NOT_FOUND
        ? `\`sign-command\` names a program that was not found (exit code ${NOT_FOUND}). Install it in a step before, or correct the name.${said}`
        : `\`sign-command\` failed with exit code ${outcome.exitCode}. Check the command, its credentials and its permission to sign.${said}`;
  }
}

/** What the step's environment names as a secret is taken out first: GitHub masks it only as a whole. */
function quoteEnd(stderr: string, ifNothing = ' It said nothing on standard error.'): string {
  const withoutSecrets = Object.entries(process.env)
    .filter(([name]) => SECRET_NAME.test(name))
    .flatMap(([, text = '']) => [text, ...text.split(/\r?\n/)])
    .filter((secret) => secret.length >= MIN_SECRET_CHARACTERS)
    .sort((one, other) => other.length - one.length)
    .reduce((text, secret) => text.replaceAll(secret, '***'), stderr);
  const text = quote(withoutSecrets, Number.POSITIVE_INFINITY).replace(LIKE_SIGNATURE, '***');
  if (text === '') return ifNothing;
  const end = text.length <= STDERR_CHARACTERS ? text : `…${text.slice(-STDERR_CHARACTERS)}`;
  return ` It said: “${end.replace(/^…[\uDC00-\uDFFF]/, '…')}”`;
}

/** Windows takes both, and a shell inside the command would take backslashes for escapes. */
function forwardSlashes(path: string): string {
  return process.platform === 'win32' ? path.replaceAll('\\', '/') : path;
}
