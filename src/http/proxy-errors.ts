/** The words for a proxy that is in the way: one that does not respond, refuses, or is set up wrongly. */
import { NetworkError, NonRetryableError } from './errors.ts';
import { SECOND_MS } from './retry.ts';

export function proxyDidNotRespond(proxy: string, timeoutMs: number): NetworkError {
  return new NetworkError(
    `The proxy ${proxy} did not respond within ${Math.round(timeoutMs / SECOND_MS)} s`,
    'Check `https_proxy` and the proxy.',
  );
}

/**
 * What a proxy's status to a CONNECT means.
 *
 * @param status tinyproxy says 401 of a wrong password, others say 407
 */
export function proxyRefused(proxy: string, target: string, status: number, hasLogin: boolean): NetworkError {
  if (status === 407 || status === 401) {
    return new NonRetryableError(
      hasLogin
        ? `The proxy ${proxy} refuses the user name or password (${status})`
        : `The proxy ${proxy} asks for a user name and password (${status})`,
      `${hasLogin ? 'Correct them' : 'Put them'} in \`https_proxy\`: http://USER:PASSWORD@HOST:PORT, percent-encoded.`,
    );
  }
  if (status >= 500 || status === 408 || status === 429) {
    return new NetworkError(
      `The proxy ${proxy} can’t reach ICR (${status})`,
      'Check the proxy and the host of `api-url`.',
    );
  }
  return new NonRetryableError(
    `The proxy ${proxy} does not let the action connect to ICR (${status})`,
    `Allow ${target} on the proxy, or name its host in \`no_proxy\`.`,
  );
}

export function unusableProxySetting(problem: string, fix: string): NonRetryableError {
  return new NonRetryableError(`\`https_proxy\` can’t be used: ${problem}`, fix);
}
