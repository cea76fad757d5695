/** Reads all inputs into one object, and refuses those that cannot be used. */
import { isLoopback } from '../http/proxy.ts';
import { readAppJwt } from '../icr/app-jwt.ts';
import { DEFAULT_API_URL } from '../icr/connection.ts';
import { type Credential, signedByCommand, signedElsewhere, signedWithKey } from '../icr/credential.ts';
import { isSameId } from '../icr/id.ts';
import { type Permissions, parsePermissions } from '../icr/permissions.ts';
import { quote } from '../runner/quote.ts';
import { maskSecret } from '../runner/secrets.ts';
import { holdsKey, readMasked, readPasted } from '../signing/pem.ts';
import { readPrivateKey } from '../signing/private-key.ts';
import { readBoolean, readChoice, readId, readText } from './fields.ts';

export interface Inputs {
  /** Undefined if key, command and JWT are all empty. */
  credential: Credential | undefined;
  onMissingCredentials: 'error' | 'skip';
  tokenType: 'installation' | 'app';
  organizationId: string | undefined;
  installationId: string | undefined;
  requiredPermissions: Permissions;
  /** Undefined if the job may hold whatever the installation was granted. */
  allowedPermissions: Permissions | undefined;
  skipTokenRevoke: boolean;
  jobSummary: boolean;
  /** Without a trailing slash. */
  apiUrl: string;
  /** Empty for no version header. */
  apiVersion: string;
}

/**
 * Reads all inputs from the environment, secrets first, and masks these.
 *
 * @throws Error with a sentence for the first input that cannot be used
 */
export function readInputs(): Inputs {
  const credential = readCredential();
  const tokenType = readChoice('token-type', ['installation', 'app']);
  const organizationId = readId('organization-id');
  const installationId = readId('installation-id');
  if (tokenType === 'app' && (organizationId ?? installationId) !== undefined) {
    throw new Error(
      '`token-type: app` is for no organization. Remove `organization-id` and `installation-id`, or set `token-type: installation`.',
    );
  }
  const allowed = readText('allowed-permissions');
  return {
    credential,
    tokenType,
    organizationId,
    installationId,
    requiredPermissions: parsePermissions('required-permissions', readText('required-permissions')),
    allowedPermissions: allowed === '' ? undefined : parsePermissions('allowed-permissions', allowed),
    skipTokenRevoke: readBoolean('skip-token-revoke'),
    jobSummary: readBoolean('job-summary'),
    apiUrl: readApiUrl(),
    apiVersion: readApiVersion(),
    onMissingCredentials: readChoice('on-missing-credentials', ['error', 'skip']),
  };
}

function readCredential(): Credential | undefined {
  const given = {
    'private-key': readText('private-key'),
    'sign-command': readText('sign-command'),
    jwt: readText('jwt'),
  };
  // A JWT has no white space. A key in the wrong place has, and its header must not be masked.
  if (/\s/.test(given.jwt)) readMasked(given.jwt);
  else maskSecret(given.jwt);
  const key = given['private-key'] === '' ? undefined : readPrivateKey(readMasked(given['private-key']));
  assertNoKey(given['sign-command']);
  const appId = readId('app-id');
  const names = Object.entries(given).flatMap(([name, text]) => (text === '' ? [] : [`\`${name}\``]));
  if (names.length > 1) {
    throw new Error(`${names.join(' and ')} are given together. Exactly one of them is needed: remove the others.`);
  }
  if (given.jwt !== '') return readJwtCredential(given.jwt, appId);
  const command = given['sign-command'];
  if (key === undefined && command === '') return undefined;
  if (appId === undefined)
    throw new Error('`app-id` is missing. Set it to the App ID that ICR’s dashboard shows for the app.');
  return key === undefined ? signedByCommand(appId, command) : signedWithKey(appId, key);
}

/** A command line is seen by every user of the machine. */
function assertNoKey(command: string): void {
  if (!holdsKey(readPasted(command))) return;
  readMasked(command);
  throw new Error('`sign-command` holds a key, not a command that signs. Give a key to the input `private-key`.');
}

function readJwtCredential(jwt: string, appId: string | undefined): Credential {
  const read = readAppJwt(jwt, Math.floor(Date.now() / 1000));
  const { issuer } = read;
  if (appId !== undefined && !isSameId(appId, issuer)) {
    throw new Error(
      `\`app-id\` is not the \`iss\` of \`jwt\`. Set the ID of the app whose key signed it, or leave \`app-id\` out. It is ${appId}, and \`iss\` is ${quote(issuer, 128)}.`,
    );
  }
  return signedElsewhere(jwt, read);
}

function readApiUrl(): string {
  const text = readText('api-url') || DEFAULT_API_URL;
  const url = URL.parse(text);
  if (url === null) throw new Error(`\`api-url\` must be a URL, such as ${DEFAULT_API_URL}.`);
  if (url.username !== '' || url.password !== '') {
    throw new Error('`api-url` must not contain a user name or a password: logs would show it. Remove them.');
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url))) {
    throw new Error('`api-url` must begin with https://. Only for a loopback host can it begin with http://.');
  }
  if (/[?#]/.test(text))
    throw new Error('`api-url` must not contain a query (`?`) or a fragment (`#`). Set the base URL alone.');
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function readApiVersion(): string {
  const version = readText('api-version');
  if (!/^[\x21-\x7e]*$/.test(version)) throw new Error('`api-version` must be a version, such as 2023-06-16.');
  return version;
}
