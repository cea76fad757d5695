/** Owns the course of one HTTP exchange: recorded, hit by a fault or not, processed, answered. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { processes } from './effect.ts';
import type { Faults } from './faults.ts';
import type { Processor } from './processor.ts';
import type { OpenRecord } from './request-log.ts';
import { send, sendInstead, sendSpoiled, type Wire } from './wire.ts';
import type { World } from './world.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: OpenRecord;
  readonly reset: () => void;
}

export async function exchange(
  { request, response, record, reset }: Exchange,
  world: World,
  faults: Faults,
  processor: Processor,
): Promise<void> {
  prepare(response, world);
  const wire: Wire = { response, reset };
  const effect = faults.hit(record.method, processor.targetOf(record) ?? record.path);
  record.fault = effect?.kind;
  if (effect?.kind === 'reset' && !processes(effect)) return reset();
  const body = await read(request);
  if (body === undefined) return;
  record.body = body;
  await pause(world.settings.latencyMs, response);
  if (effect !== undefined && !processes(effect)) return sendInstead(wire, effect);
  const reply = processor.process(record);
  if (effect === undefined) send(wire, reply);
  else await sendSpoiled(wire, reply, effect);
}

/** Node would send the real time in Date; the server's clock is to be seen there. */
function prepare(response: ServerResponse, { settings, clock }: World): void {
  response.sendDate = false;
  if (settings.sendDate) response.setHeader('Date', clock.httpDate());
}

/** Undefined when the client went away before it had sent everything. */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  } catch {
    return undefined;
  }
}

/** Cut short by the end of the connection; the request has arrived, so it is processed all the same. */
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
