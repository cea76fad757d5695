/** Runs the built action against the same API, with every request of it sent by the probe, within its limits. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Result, startStep } from '../support/runner.ts';
import type { Row, Subject } from './questions.ts';
import { NotAsked, type ProbeResponse, type Session } from './session.ts';

const ROW = { id: 'action', title: 'The action itself: main and post', isTold: true } as const;
/** Node makes these anew, and the body is whole. */
const NOT_FORWARDED = ['connection', 'keep-alive', 'transfer-encoding', 'content-length'];
/** Main's own limit is 90 s, and a cancelled step ends within 10 s. */
const SECONDS_TO_END = 12;

export interface ActionRun {
  readonly row: Row;
  /** What the action itself said, if it did not go well. */
  readonly message: string | undefined;
}

/** @param host of the API, to be named in messages */
export async function runAction(
  session: Session,
  subject: Subject,
  cancelled: AbortSignal,
  host: string,
): Promise<ActionRun> {
  const reason = session.stopped();
  if (reason !== undefined)
    return { row: { ...ROW, fact: `not asked: ${reason}`, copes: 'no', isTold: false }, message: undefined };
  const server = createServer((request, response) => void forward(session, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = addressOf(server.address());
  await using step = await startStep({
    inputs: {
      'app-id': subject.app.id,
      'private-key': subject.app.pem,
      'organization-id': subject.organizationId,
      'api-url': `http://127.0.0.1:${port}`,
    },
    limitSeconds: session.secondsLeft() + SECONDS_TO_END,
  });
  try {
    const main = await step.main((child) => {
      const end = () => void child.kill('SIGINT');
      const timer = setTimeout(end, session.secondsLeft() * 1000);
      cancelled.addEventListener('abort', end);
      child.once('close', () => {
        clearTimeout(timer);
        cancelled.removeEventListener('abort', end);
      });
    });
    const post = await step.post();
    const [message] = [...main.errors, ...post.errors, ...post.warnings];
    return { row: { ...ROW, ...judge(main, post) }, message: message?.replaceAll(`127.0.0.1:${port}`, host) };
  } catch {
    // What it printed has its masks in it, and so the token.
    return { row: { ...ROW, fact: 'it did not end', copes: 'no' }, message: undefined };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function judge(main: Result, post: Result): Pick<Row, 'fact' | 'copes'> {
  if (main.exitCode !== 0) return { fact: 'no token', copes: 'no' };
  if (post.warnings.length + post.errors.length > 0) return { fact: 'a token, and post warns', copes: 'no' };
  return { fact: 'a token, and it is revoked', copes: 'yes' };
}

async function forward(session: Session, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString('utf8');
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  const { method = 'GET', url: path = '/' } = request;
  try {
    answer(response, await session.ask('action', { method, path, headers, ...(body === '' ? {} : { body }) }));
  } catch (error) {
    if (!(error instanceof NotAsked)) return void response.destroy();
    // The action repeats no request that is answered so.
    response.writeHead(501, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ statusCode: 501, message: `not asked: ${error.message}` }));
  }
}

function answer(response: ServerResponse, { status, headers, bytes }: ProbeResponse): void {
  const kept = Object.entries(headers).filter(([name]) => !NOT_FORWARDED.includes(name));
  response.sendDate = false;
  response.writeHead(status, Object.fromEntries(kept));
  response.end(bytes);
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP');
  return address;
}
