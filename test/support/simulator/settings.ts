/** What a test can choose: behaviour that ICR's documentation leaves open, and what a server can do wrong. */
import { randomBytes } from 'node:crypto';
import type { Json } from './json.ts';

export interface RateLimit {
  /** Requests that are let through within any second, of all routes and callers together. */
  perSecond: number;
  retryAfterSeconds: number;
  /** RFC 9110 allows both forms of Retry-After. */
  retryAfterAs: 'seconds' | 'http-date';
}

/** A test can change any of them while the simulator runs. */
export interface Settings {
  /** The status with which an app JWT is refused. */
  jwtRefusalStatus: 401 | 403;
  /** docs: Apps (v0.5) say 200; NestJS answers a POST with 201 unless told otherwise. */
  mintStatus: 200 | 201;
  /** Replaces fields in the response of both minting calls, not in the token itself. undefined removes a field. */
  mintPatch: Readonly<Record<string, Json | undefined>>;
  /** docs: Authenticate as an installation: two hours. Negative: the token has expired when it is minted. */
  tokenLifetimeSeconds: number;
  /** Makes the text of a new token, for instance one that is too short. */
  makeToken: () => string;
  /** How replicas that lag behind answer the first requests with each new token: as if it did not exist. */
  replicaLag: { readonly requests: number; readonly status: 401 | 403 | 404 } | undefined;
  /** The body of the response to a revocation. '' sends none. */
  revokeBody: string;
  /** False: the revocation is answered but the token lives on. */
  revokeWorks: boolean;
  /** False: an app token (not an installation's) is refused by the revocation call. */
  revokeTakesAppTokens: boolean;
  /** The largest page of any list; undefined: no maximum. */
  maxPageSize: number | undefined;
  /** What happens to a larger `limit`. */
  overMaxPageSize: 'cap' | 'refuse';
  /** docs: Apps (v0.5) speak of active installations, so suspended ones are left out by default. */
  listSuspended: boolean;
  /** False: the list of installations has no `pagination`. */
  listPagination: boolean;
  /** The documented sample (1, next 2, previous 0) fits both bases of `currentPage`. */
  paginationBase: 0 | 1;
  /** Sent as `pagination.total` of the list of installations, for instance 0, -1 or 0.5. */
  listTotal: number | undefined;
  /** True: every page of the list of installations is page 0. */
  listIgnoresPage: boolean;
  /** So many installations at the end of a page are on the next page as well. */
  listOverlap: number;
  /** The list never ends: every page has new installations, and about so many bytes. */
  endlessListPageBytes: number | undefined;
  /** GET /app/organizations/{id}/installation is in the docs' prose but not in their reference. */
  organizationInstallationRoute: boolean;
  /** Waited before each request is processed. */
  latencyMs: number;
  rateLimit: RateLimit | undefined;
  /** True: every error message repeats the Authorization header, to find clients that log it. */
  echoAuthorization: boolean;
  /** False: responses have no Date header. */
  sendDate: boolean;
}

export function defaultSettings(): Settings {
  return {
    jwtRefusalStatus: 401,
    mintStatus: 201,
    mintPatch: {},
    tokenLifetimeSeconds: 7200,
    makeToken: () => `crs_${randomBytes(24).toString('hex')}`,
    replicaLag: undefined,
    revokeBody: 'true',
    revokeWorks: true,
    revokeTakesAppTokens: true,
    maxPageSize: undefined,
    overMaxPageSize: 'cap',
    listSuspended: false,
    listPagination: true,
    paginationBase: 1,
    listTotal: undefined,
    listIgnoresPage: false,
    listOverlap: 0,
    endlessListPageBytes: undefined,
    organizationInstallationRoute: true,
    latencyMs: 0,
    rateLimit: undefined,
    echoAuthorization: false,
    sendDate: true,
  };
}
