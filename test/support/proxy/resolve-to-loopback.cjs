/**
 * Preloaded into the action by tests: names lead to this machine, and no server is asked for any. `TEST_ADDRESSES` can
 * give names their addresses, as JSON; a name whose look-up does not end has none. `TEST_LOOKUPS` names a file that
 * gets a line for each look-up, with the options of the resolver if the process has any.
 */
const dns = require('node:dns');
const { appendFileSync } = require('node:fs');

const ADDRESSES = { 'api.carbonregistry.com': ['127.0.0.1'], ...JSON.parse(process.env.TEST_ADDRESSES ?? '{}') };

const { lookup } = dns;

dns.lookup = (host, options, callback) => {
  if (host === 'localhost') return lookup(host, options, callback);
  const addresses = ADDRESSES[host];
  if (addresses === undefined) throw new Error(`a test would have asked the network for ${host}`);
  const line = [host, process.env.RES_OPTIONS].filter((part) => part !== undefined).join(' ');
  if (process.env.TEST_LOOKUPS !== undefined) appendFileSync(process.env.TEST_LOOKUPS, `${line}\n`);
  if (addresses.length === 0) return;
  if (addresses[0] === 'ENOTFOUND') {
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
    return process.nextTick(callback, error);
  }
  const all = addresses.map((address) => ({ address, family: 4 }));
  if (options.all === true) process.nextTick(callback, null, all);
  else process.nextTick(callback, null, all[0].address, 4);
};
