/** The version of ICR's API that a request asks for. */

/** The header that picks a dated version (docs: Apps); empty for none. */
export function versionHeader(apiVersion: string): Record<string, string> {
  return apiVersion === '' ? {} : { 'x-icr-api-version': apiVersion };
}
