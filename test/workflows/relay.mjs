/**
 * Receives ICR's webhooks and starts a workflow for each, as a `repository_dispatch` event with what ICR signed.
 * Copy this file to a host that has Node 20 or later. It needs nothing else:
 *
 *   import { createServer } from 'node:http';
 *   import { createListener, createRelay } from './relay.mjs';
 *   const { WEBHOOK_SECRET: webhookSecret, GITHUB_TOKEN: githubToken } = process.env;
 *   const relay = createRelay({ webhookSecret, githubToken, repository: 'octo-org/icr-events' });
 *   createServer(createListener(relay)).listen(8080);
 *
 * - Give the events a repository of its own. GitHub asks for “Contents: write” to send one, and with that the token can
 *   also push code to the repository: in the one that holds the app's key, it would be as good as the key.
 * - What the workflow does must be idempotent. A delivery can arrive twice: ICR may send it again, GitHub may have taken
 *   an event whose answer was lost, and ICR documents neither an id nor a time of a delivery. This file remembers the
 *   hash of what was signed for a week, in memory. Give it a store (`seen`) if it runs as several processes or as a
 *   function. Compare `client_payload.transaction.id` with what your books have before you act.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** ICR's payloads have some 2 kB. Each arrives twice in a body: in the clear, and signed, in base64. */
const MAX_BODY_BYTES = 256 * 1024;
// https://docs.github.com/rest/repos/repos#create-a-repository-dispatch-event
const MAX_PAYLOAD_CHARACTERS = 65_535;
const MAX_PAYLOAD_PROPERTIES = 10;
const GITHUB_TIMEOUT_MS = 8000;
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
const MAX_REMEMBERED = 100_000;

/**
 * Returns a function that takes the header `x-icr-signature-256` and the body as text, and resolves to the status to
 * answer ICR with. It never rejects: 5xx asks ICR to send the delivery again, 4xx does not.
 * `seen` has `has(id)` and `add(id)`, which may be asynchronous.
 * @throws Error if a setting can't be used: with an empty secret, everybody could sign
 */
export function createRelay({
  webhookSecret,
  githubToken,
  repository,
  seen = rememberFor(WEEK_MS),
  githubUrl = 'https://api.github.com',
  timeoutMs = GITHUB_TIMEOUT_MS,
}) {
  if (!webhookSecret) throw new Error('webhookSecret is empty, so that everybody could sign');
  // `fetch` refuses such a header with a message that repeats it.
  if (!/^[!-~]+$/.test(githubToken ?? '')) throw new Error('githubToken is empty, or has a line end or a space in it');
  if (!/^[\w.-]+\/[\w.-]+$/.test(repository ?? '')) throw new Error('repository must be owner/name');
  const underway = new Map();

  return async function relay(signature, body) {
    try {
      return await answer(signature, body);
    } catch (error) {
      // Without its message, which may hold a password of the store.
      console.error(`relay: ${error?.cause?.code ?? error?.code ?? error?.name}`);
      return 503;
    }
  };

  async function answer(signature, body) {
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) return 413;
    const signedData = readSignedData(body);
    if (signedData === undefined) return 400;
    if (!isSigned(signedData, signature)) return 401;
    const payload = readPayload(signedData);
    if (payload === undefined) return 400;
    if (payload.length > MAX_PAYLOAD_CHARACTERS) return 413;

    const id = createHash('sha256').update(signedData).digest('hex');
    try {
      // A second copy that arrives while the first is sent shares its answer.
      if (!underway.has(id)) underway.set(id, sendOnce(id, payload));
      return await underway.get(id);
    } finally {
      underway.delete(id);
    }
  }

  /** ICR signs the base64 text as it stands in the body. Hashes are compared, so that lengths take no time either. */
  function isSigned(signedData, signature) {
    const hash = (text) => createHash('sha256').update(text).digest();
    const wanted = `sha256=${createHmac('sha256', webhookSecret).update(signedData).digest('hex')}`;
    return typeof signature === 'string' && timingSafeEqual(hash(signature), hash(wanted));
  }

  async function sendOnce(id, payload) {
    if (await seen.has(id)) return 202;
    const status = await send(payload);
    if (status === 202) await seen.add(id);
    return status;
  }

  async function send(payload) {
    const response = await fetch(`${githubUrl}/repos/${repository}/dispatches`, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        authorization: `Bearer ${githubToken}`,
        accept: 'application/vnd.github+json',
        'user-agent': 'icr-webhook-relay',
      },
      body: `{"event_type":"icr-webhook","client_payload":${payload}}`,
    });
    await response.body?.cancel();
    if (response.status === 204) return 202;
    console.error(`relay: GitHub answered ${response.status}`);
    // 429 and 5xx pass. Anything else is a wrong token, repository or payload, which somebody has to correct.
    return response.status === 429 || response.status >= 500 ? 503 : 502;
  }
}

/** For node:http. Reads no more of a body than it would take. */
export function createListener(relay) {
  return async (request, response) => {
    const answer = (status) => response.writeHead(status, { connection: 'close' }).end();
    if (request.method !== 'POST') return answer(405);
    const chunks = [];
    let length = 0;
    try {
      for await (const chunk of request) {
        length += chunk.length;
        if (length > MAX_BODY_BYTES) return answer(413);
        chunks.push(chunk);
      }
    } catch {
      return; // the sender hung up
    }
    answer(await relay(request.headers['x-icr-signature-256'], Buffer.concat(chunks).toString()));
  };
}

/** A store in memory. It forgets the oldest first: entries are kept in the order in which they came. */
export function rememberFor(lifetimeMs, now = Date.now) {
  const expiries = new Map();
  return {
    has: (id) => (expiries.get(id) ?? 0) > now(),
    add(id) {
      expiries.set(id, now() + lifetimeMs);
      for (const [old, expiry] of expiries) {
        if (expiry > now() && expiries.size <= MAX_REMEMBERED) break;
        expiries.delete(old);
      }
    },
  };
}

function readSignedData(body) {
  const { signedData } = parseObject(body) ?? {};
  return typeof signedData === 'string' && /^[\w+/-]+={0,2}$/.test(signedData) ? signedData : undefined;
}

/** What was signed, as JSON, and only that: the fields beside it in the body can be anybody's. */
function readPayload(signedData) {
  const payload = parseObject(Buffer.from(signedData, 'base64').toString());
  if (payload === undefined || Object.keys(payload).length > MAX_PAYLOAD_PROPERTIES) return undefined;
  if (typeof payload.event !== 'string' || typeof payload.installation?.id !== 'string') return undefined;
  try {
    return JSON.stringify(payload);
  } catch {
    return undefined; // nested so deep that it can be read but not written
  }
}

function parseObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
