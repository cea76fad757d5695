/** Runs one HTTP exchange: records it, applies a fault if there is one, processes it and responds. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { processes } from './effect.ts';
import type { Faults } from './faults.ts';
import type { Processor } from './processor.ts';
import type { LiveRecord } from './request-log.ts';
import type { ServerState } from './server-state.ts';
import { send, sendInstead, sendSpoiled, type Wire } from './wire.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: LiveRecord;
  readonly reset: () => void;
}

export async function exchange(
  { request, response, record, reset }: Exchange,
  server: ServerState,
  faults: Faults,
  processor: Processor,
): Promise<void> {
  prepare(response, server);
  const wire: Wire = { response, reset };
  const effect = faults.hit(record.method, processor.targetOf(record) ?? record.path);
  record.fault = effect?.kind;
  if (effect?.kind === 'reset' && !processes(effect)) return reset();
  const body = await read(request);
  if (body === undefined) return;
  record.body = body;
  await pause(server.settings.latencyMs, response);
  if (effect !== undefined && !processes(effect)) return sendInstead(wire, effect);
  const reply = processor.process(record);
  if (effect === undefined) send(wire, reply);
  else await sendSpoiled(wire, reply, effect);
}

/** The Date header shows the server's clock. Node would send the real time. */
function prepare(response: ServerResponse, { settings, clock }: ServerState): void {
  response.sendDate = false;
  if (settings.sendDate) response.setHeader('Date', clock.httpDate());
}

/** Undefined if the client went away before it had sent everything. */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  } catch {
    return undefined;
  }
}

/** Ends early if the connection does. The request has arrived, so it is processed all the same. */
function pause(ms: number, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (ms <= 0) return resolve();
    const timer = setTimeout(resolve, ms);
    response.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
