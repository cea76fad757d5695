/** The calls of ICR's App API: their paths, their credentials, and which of their responses are errors. */
import type { Budget, Send } from '../http/client.ts';
import type { HttpRequest, HttpResponse } from '../http/transport.ts';
import { maskSecret } from '../runner/secrets.ts';
import type { AppAuth } from './app-auth.ts';
import { apiError, type Operation, shapeError } from './errors.ts';
import {
  type Installation,
  type InstallationPage,
  isSuccess,
  parseExpiry,
  parseInstallation,
  parseInstallationPage,
  parseToken,
  parseTokenDetails,
  ShapeError,
  type TokenDetails,
} from './responses.ts';

const PAGE_SIZE = 100;
/** The runner sends SIGTERM 7.5 s after SIGINT and kills 2.5 s after that. */
const MINT_GRACE_SECONDS = 5;

/** How an installation was chosen, which is also where its id came from. */
export type InstallationSource = 'installation-id' | 'organization-id' | 'webhook' | 'only-installation';

/** A token that exists and is masked. Nothing else of it was looked at. */
export interface MintedToken {
  token: string;
  /** ISO 8601, UTC; undefined if the response doesn't say. */
  expiresAt: string | undefined;
  /** Milliseconds to add to the runner's clock to have ICR's. */
  clockOffsetMs: number;
  /** When it was minted by ICR's clock, in Unix milliseconds. */
  mintedAtMs: number;
  /** @throws Error that names the request and the first field that is not as documented */
  details(): TokenDetails;
}

/** Every call but the two that may return undefined throws an Error in words for the log. */
export interface IcrApi {
  /** GET /app/installations/{id} (docs: Apps). */
  getInstallation(id: string): Promise<Installation>;
  /** The same call, and undefined if it tells nothing: any 4xx but 401 and 429, or another shape. */
  findInstallation(id: string): Promise<Installation | undefined>;
  /**
   * GET /app/organizations/{id}/installation, which only the prose of docs "Authenticate as an installation" names.
   * Undefined as above.
   */
  findOrganizationInstallation(organizationId: string): Promise<Installation | undefined>;
  /** GET /app/installations (docs: Apps). Pages count from 0. */
  listInstallations(page: number): Promise<InstallationPage>;
  /** POST /app/installations/{id}/accessTokens, or POST /app/accessTokens for the app itself (docs: Apps). */
  mintToken(installation?: { id: string; source: InstallationSource }): Promise<MintedToken>;
}

export function createIcrApi(send: Send, auth: AppAuth, budget: Budget): IcrApi {
  let isAppAccepted = false;

  async function request(http: Omit<HttpRequest, 'bearer'>): Promise<HttpResponse> {
    const attempt = async () => send({ ...http, bearer: await auth.bearer() }, budget);
    const first = await attempt();
    return (await auth.correctClock(first)) ? attempt() : first;
  }

  async function call<T>(operation: Operation, http: Omit<HttpRequest, 'bearer'>, parse: (text: string) => T) {
    const response = await request(http);
    if (!isSuccess(response)) throw apiError(operation, response, auth.requester(response), isAppAccepted);
    isAppAccepted = true;
    return { response, value: parseAs(response, parse) };
  }

  /** @throws only if the response is 401, 429 or not the API's at all, since a 4xx may mean that there is no such route */
  async function find(operation: Operation, path: string): Promise<Installation | undefined> {
    const response = await request({ method: 'GET', path });
    const { status } = response;
    if (status >= 400 && status < 500 && status !== 401 && status !== 429) return undefined;
    if (!isSuccess(response)) throw apiError(operation, response, auth.requester(response), isAppAccepted);
    isAppAccepted = true;
    try {
      return parseInstallation(response.text);
    } catch (error) {
      if (error instanceof ShapeError) return undefined;
      throw error;
    }
  }

  return {
    getInstallation: async (id) => {
      const operation = { kind: 'installation', id, source: 'installation-id' } as const;
      return (await call(operation, { method: 'GET', path: installationPath(id) }, parseInstallation)).value;
    },
    findInstallation: (id) => find({ kind: 'list' }, installationPath(id)),
    findOrganizationInstallation: (organizationId) =>
      find({ kind: 'list' }, `/app/organizations/${encodeURIComponent(organizationId)}/installation`),
    listInstallations: async (page) => {
      const path = `/app/installations?limit=${PAGE_SIZE}&page=${page}`;
      return (await call({ kind: 'list' }, { method: 'GET', path }, parseInstallationPage)).value;
    },
    mintToken: async (installation) => {
      const operation =
        installation === undefined ? { kind: 'app' as const } : { kind: 'mint' as const, ...installation };
      const path = `${installation === undefined ? '/app' : installationPath(installation.id)}/accessTokens`;
      // The body is what ICR's demo sends; none is documented.
      const http = { method: 'POST', path, body: {}, graceSeconds: MINT_GRACE_SECONDS } as const;
      const { response, value: token } = await call(operation, http, parseToken);
      maskSecret(token);
      const clockOffsetMs = auth.clockOffsetMs(response);
      return {
        token,
        expiresAt: parseAs(response, parseExpiry),
        clockOffsetMs,
        mintedAtMs: response.dateMs ?? response.receivedMs + clockOffsetMs,
        details: () => parseAs(response, (text) => parseTokenDetails(text, installation !== undefined)),
      };
    },
  };
}

function installationPath(id: string): string {
  return `/app/installations/${encodeURIComponent(id)}`;
}

function parseAs<T>(response: HttpResponse, parse: (text: string) => T): T {
  try {
    return parse(response.text);
  } catch (error) {
    throw error instanceof ShapeError ? shapeError(response, error) : error;
  }
}
