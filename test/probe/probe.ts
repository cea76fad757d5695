/**
 * Asks ICR what its documentation leaves open, with an app of yours, and says whether the action works with it:
 *   npm run probe [-- [--production | --api-url URL] [--output FILE] [--pause MILLISECONDS]]
 * Reads ICR_APP_ID, ICR_PRIVATE_KEY and ICR_ORGANIZATION_ID. Ends with 0 if the action works, and with 1 otherwise.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isLoopback } from '../../src/http/proxy.ts';
import { isId } from '../../src/icr/id.ts';
import { messageOf } from '../../src/runner/log.ts';
import { type App, readApp } from './app-jwt.ts';
import type { Subject } from './questions.ts';
import { type Recording, record } from './recording.ts';
import { askReference } from './reference.ts';
import { runProbe } from './run.ts';
import { MAX_REQUESTS } from './session.ts';
import { describeTokens, formatTable, judge } from './table.ts';

const SANDBOX = 'https://sandbox-api.carbonregistry.com';
const PRODUCTION = 'https://api.carbonregistry.com';
/** Then there is time left of the two minutes: 10 s for an action that is cancelled, and 24 s for the revocations. */
const SECONDS = 80;

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());

try {
  process.exitCode = await main();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const { baseUrl, host, output, pauseMs } = readOptions();
  const subject = readSubject();
  console.log(announcement(baseUrl, host, output));
  const { signal } = interruption;
  const options = { baseUrl, pauseMs, seconds: SECONDS, cancelled: signal };
  const { session, rows, message } = await runProbe(options, subject);
  const reference = await askReference(new AbortController().signal);
  const recording = record(host, session, subject, rows, reference);
  const table = formatTable(recording.rows, host === 'another' ? 'This API' : `ICR’s ${host}`);
  writeFileSync(output, `${JSON.stringify(recording, undefined, 2)}\n`);

  const verdict = judge(recording.rows, session.stopped());
  const said = message === undefined ? [] : [`The action said: ${message}`];
  const end = [
    `${session.exchanges.length} requests were sent. ${output} has them.`,
    ...said,
    `${verdict.sentence} ${describeTokens(session)}`,
  ];
  console.log(`\n${table}\n\n${end.join('\n')}`);
  const summary = process.env['GITHUB_STEP_SUMMARY'];
  if (summary !== undefined && summary !== '') appendFileSync(summary, `${table}\n\n${end.join('\n\n')}\n`);
  return verdict.works && !signal.aborted ? 0 : 1;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      production: { type: 'boolean', default: false },
      'api-url': { type: 'string' },
      output: { type: 'string', default: 'probe.json' },
      pause: { type: 'string', default: '200' },
    },
  });
  const { production, output } = values;
  const given = values['api-url'];
  if (production && given !== undefined)
    throw new Error('--production and --api-url are given together. Give one of them.');
  const url = URL.parse(given ?? (production ? PRODUCTION : SANDBOX));
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))) {
    throw new Error(
      '--api-url must be a URL that begins with https://. Only for a loopback host can it begin with http://.',
    );
  }
  const pauseMs = Number(values.pause);
  if (!/^\d{1,4}$/.test(values.pause)) throw new Error('--pause must be a number of milliseconds below 10000.');
  const host: Recording['host'] = given !== undefined ? 'another' : production ? 'production' : 'sandbox';
  return { baseUrl: `${url.origin}${url.pathname}`.replace(/\/+$/, ''), host, output, pauseMs };
}

function readSubject(): Subject {
  const organizationId = readVariable('ICR_ORGANIZATION_ID');
  const appId = readVariable('ICR_APP_ID');
  for (const [name, id] of Object.entries({ ICR_APP_ID: appId, ICR_ORGANIZATION_ID: organizationId })) {
    if (!isId(id)) throw new Error(`${name} is no id.`);
  }
  return { app: readGivenApp(appId, readVariable('ICR_PRIVATE_KEY')), organizationId };
}

/** The errors name the action's input. */
function readGivenApp(id: string, pem: string): App {
  try {
    return readApp(id, pem);
  } catch (error) {
    throw new Error(messageOf(error).replaceAll(/(?:the input )?`private-key`/g, '`ICR_PRIVATE_KEY`'), {
      cause: error,
    });
  }
}

function readVariable(name: string): string {
  const text = process.env[name]?.trim() ?? '';
  if (text === '')
    throw new Error(`${name} is missing. Set ICR_APP_ID, ICR_PRIVATE_KEY and ICR_ORGANIZATION_ID in the environment.`);
  return text;
}

function announcement(baseUrl: string, host: Recording['host'], output: string): string {
  return [
    `Asks ${baseUrl}${host === 'another' ? '' : ` (${host})`}, with at most ${MAX_REQUESTS} requests, one at a time, in at most two minutes:`,
    '- It reads the app’s installations, and the organization.',
    '- It sends JWTs that are wrong in one thing each: the key, the time, the form; and, if the action’s own JWT is refused, a shorter one.',
    '- It mints up to two access tokens of the organization’s installation and one of the app, and revokes each of them.',
    '- It runs the action, which mints and revokes one more.',
    'It transfers, retires, reserves and changes nothing else.',
    `What is sent and what comes is written to ${output}, without tokens, JWTs, ids, names and addresses.`,
  ].join('\n');
}
