/** What a test can choose: behaviour that ICR's documentation leaves open, and what a server can do wrong. */
import { randomBytes } from 'node:crypto';
import type { ErrorForm, Json } from './replies.ts';

export type RouteName = 'organization' | 'list' | 'installation' | 'mint' | 'appToken' | 'revoke';

/** How a route's real answer is changed. All of it is plain data, so that a recording can be turned into it. */
export interface Answer {
  readonly status?: number;
  /** Added to the real ones. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The body, as JSON. */
  readonly json?: Json;
  /** The body, as it is, of the type text/plain unless `headers` has another `Content-Type`. '' sends none. */
  readonly text?: string;
  /** Puts the real body into an object under this name, or, with '[]', into a list. */
  readonly under?: string;
  /** Waited before the response is sent. An hour is a hang. */
  readonly delayMs?: number;
  /**
   * True: sent before the request is looked at, as a gateway does. Otherwise only a request that is granted gets it,
   * after what it asks for was done: a token is minted, or revoked.
   */
  readonly atOnce?: boolean;
}

export interface RateLimit {
  /** Requests that are let through within any second, of all routes and callers together. */
  readonly perSecond: number;
  readonly retryAfterSeconds: number;
  /** RFC 9110 allows both forms of Retry-After. */
  readonly retryAfterAs: 'seconds' | 'http-date';
}

/** A test can change any of them while the simulator runs. All but `makeToken` are plain data. */
export interface Settings {
  /** How the answers of single routes, or of all, are changed. */
  answers: Readonly<Partial<Record<RouteName | 'all', Answer>>>;
  /** The form of every error. */
  errorForm: ErrorForm;
  /** True: every error message repeats the Authorization header, to find clients that log it. */
  echoAuthorization: boolean;

  /** The status with which an app JWT is refused. */
  jwtRefusalStatus: number;
  /** Said instead of what is wrong with the JWT. */
  jwtRefusalMessage: string | undefined;
  /** docs: Generate a JWT. How far ahead of the server's clock `exp` may be. */
  jwtLongestSeconds: number;
  /** docs: Generate a JWT lists `alg` among the claims, besides the JOSE header. */
  jwtNeedsAlgClaim: boolean;
  /** Any version but the one that exists is answered 400, unless `ignored`. `needed`: so is a request without one. */
  apiVersionHeader: 'optional' | 'needed' | 'ignored';
  /** The status outside of the base path. One of 300 and more redirects to the same path below it. */
  outsideBasePath: number;

  /**
   * GET /app/organizations/{id}/installation is in the docs' prose but not in their reference. False: there is no such
   * route; `organization` or `another`: it answers the organization itself, or another organization's installation.
   */
  organizationInstallationRoute: boolean | 'organization' | 'another';
  /** How an installation names its organization. */
  organizationAs: 'object' | 'organizationId' | 'text';
  /** True: installations that are added from then on have whole numbers as ids, as have their organizations. */
  numericIds: boolean;

  /** The name that the list is under; '' if the body is the list. */
  listUnder: string;
  /** What becomes of the query of the list. A number is the status with which any query is refused. */
  listQuery: 'taken' | 'ignored' | number;
  /** docs: Apps (v0.5) speak of active installations, so suspended ones are left out by default. */
  listSuspended: boolean;
  /** True: every page of the list of installations is page 0. */
  listIgnoresPage: boolean;
  /** So many installations at the end of a page are on the next page as well. */
  listOverlap: number;
  /** The list never ends: every page has new installations, and about so many bytes. */
  endlessListPageBytes: number | undefined;
  /** What page 0 is. All but `first` count pages from 1. */
  pageZero: 'first' | 'like page 1' | 'empty' | 'refused';
  /** What a page beyond the end is. A number is the status with which it is refused. */
  pageBeyond: 'empty' | 'last page' | number;
  /** The length of a page if there is no `limit`. */
  defaultPageSize: number;
  /** The largest page of any list; undefined: no maximum. */
  maxPageSize: number | undefined;
  /** What happens to a larger `limit`. */
  overMaxPageSize: 'cap' | 'refuse';
  /** False: the list of installations has no `pagination`. */
  listPagination: boolean;
  /** The name that the pagination is under; '' if its fields are beside the list. */
  paginationUnder: string;
  /** Sent as `pagination.total` of the list of installations, for instance 0, -1 or 0.5. `page` counts one page. */
  listTotal: number | 'page' | undefined;
  /** The documented sample (1, next 2, previous 0) fits both bases of `currentPage`. */
  paginationBase: 0 | 1;

  /** docs: Apps (v0.5) say 200; NestJS answers a POST with 201 unless told otherwise. */
  mintStatus: number;
  /** Replaces fields in the response of both minting calls, not in the token itself. undefined removes a field. */
  mintPatch: Readonly<Record<string, Json | undefined>>;
  /** The name of the field that holds the token. */
  tokenField: string;
  /** docs: Authenticate as an installation: two hours. Negative: the token has expired when it is minted. */
  tokenLifetimeSeconds: number;
  /** Makes the text of a new token, for instance one that is too short. */
  makeToken: () => string;

  /** How replicas that lag behind answer the first requests with each new token: as if it did not exist. */
  replicaLag: { readonly requests: number; readonly status: number } | undefined;
  /** The body of the response to a revocation. '' sends none. */
  revokeBody: string;
  /** False: the revocation is answered but the token lives on. */
  revokeWorks: boolean;
  /** The status with which the revocation of a token is refused that is unknown or no longer live. */
  revokeRefusalStatus: number;
  /** False: an app token (not an installation's) is refused by the revocation call. */
  revokeTakesAppTokens: boolean;

  /** How far the server's clock, and its Date header, is ahead of the real time. Negative: behind. */
  clockAheadSeconds: number;
  /** False: responses have no Date header. */
  sendDate: boolean;
  /** True: bodies are compressed, whatever the client takes. */
  gzip: boolean;
  /** Waited before each request is processed. */
  latencyMs: number;
  rateLimit: RateLimit | undefined;
}

export function defaultSettings(): Settings {
  return {
    answers: {},
    errorForm: 'nest',
    echoAuthorization: false,
    jwtRefusalStatus: 401,
    jwtRefusalMessage: undefined,
    jwtLongestSeconds: 600,
    jwtNeedsAlgClaim: true,
    apiVersionHeader: 'optional',
    outsideBasePath: 404,
    organizationInstallationRoute: true,
    organizationAs: 'object',
    numericIds: false,
    listUnder: 'installations',
    listQuery: 'taken',
    listSuspended: false,
    listIgnoresPage: false,
    listOverlap: 0,
    endlessListPageBytes: undefined,
    pageZero: 'first',
    pageBeyond: 'empty',
    defaultPageSize: 10,
    maxPageSize: undefined,
    overMaxPageSize: 'cap',
    listPagination: true,
    paginationUnder: 'pagination',
    listTotal: undefined,
    paginationBase: 1,
    mintStatus: 201,
    mintPatch: {},
    tokenField: 'token',
    tokenLifetimeSeconds: 7200,
    makeToken: () => `crs_${randomBytes(24).toString('hex')}`,
    replicaLag: undefined,
    revokeBody: 'true',
    revokeWorks: true,
    revokeRefusalStatus: 401,
    revokeTakesAppTokens: true,
    clockAheadSeconds: 0,
    sendDate: true,
    gzip: false,
    latencyMs: 0,
    rateLimit: undefined,
  };
}
