/** Where ICR's API is, and how a client of it is made. */
import { createHttpClient, type Send } from '../http/client.ts';

export const DEFAULT_API_URL = 'https://api.carbonregistry.com';

/**
 * @param apiUrl without a trailing slash
 * @param apiVersion for the header that picks a dated version (docs: Apps); empty for no header
 * @throws RequestError if the environment names a proxy that can't be used
 */
export function connectToIcr(apiUrl: string, apiVersion: string): Send {
  const headers: Record<string, string> = apiVersion === '' ? {} : { 'x-icr-api-version': apiVersion };
  return createHttpClient(apiUrl, headers, apiUrl === DEFAULT_API_URL);
}
