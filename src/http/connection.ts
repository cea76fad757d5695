/** How a connection is opened to a name that has several addresses, or whose look-up does not end. */
import type { LookupAddress, LookupOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { SECOND_MS } from './retry.ts';

/**
 * For each address but the last. With Node's 250 ms a host that is 300 ms away can't be reached if its name also has
 * an address that the runner can't reach. This leaves time for one lost packet, and for five addresses in an attempt.
 */
const ADDRESS_SECONDS = 3;

type Callback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

const underWay = new Map<string, Callback[]>();

/**
 * Node's look-up, but none begins while one for the same name is under way: a look-up can't be cancelled, and the
 * process can't exit before it ends.
 */
const lookup: LookupFunction = (hostname: string, options: LookupOptions, callback: Callback) => {
  const key = JSON.stringify([hostname, options]);
  const waiting = underWay.get(key);
  if (waiting !== undefined) {
    waiting.push(callback);
    return;
  }
  const callbacks = [callback];
  underWay.set(key, callbacks);
  process.getBuiltinModule('node:dns').lookup(hostname, options, (error, address, family) => {
    underWay.delete(key);
    for (const each of callbacks) each(error, address, family);
  });
};

/**
 * Shortens the look-ups of glibc, unless the runner sets their time itself: by default they end after up to 80 s.
 * For a process that starts no other, since a command would inherit it.
 */
export function shortenLookups(): void {
  process.env['RES_OPTIONS'] ??= 'timeout:2 attempts:2';
}

/** For an agent, or a socket of its own. */
export const CONNECTION_OPTIONS = { lookup, autoSelectFamilyAttemptTimeout: ADDRESS_SECONDS * SECOND_MS };
