/** The calls of ICR's App API: their paths, their credentials, and which of their responses are errors. */
import type { Budget, Send } from '../http/client.ts';
import type { HttpRequest, HttpResponse } from '../http/transport.ts';
import type { AppAuth } from './app-auth.ts';
import { isSuccess } from './error-message.ts';
import { apiError, type Operation, parseAs } from './errors.ts';
import { installationPath } from './id.ts';
import type { ChosenId } from './installation-source.ts';
import { ShapeError } from './json.ts';
import { type MintedToken, maskToken, mintToken } from './mint.ts';
import { type Installation, type InstallationPage, parseInstallation, parseInstallationPage } from './responses.ts';

const PAGE_SIZE = 100;

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
  mintToken(installation?: ChosenId): Promise<MintedToken>;
}

/** Sends a request as the app. @throws Error in words for the log, unless the response is a success of the right shape */
export type Call = <T>(
  operation: Operation,
  http: Omit<HttpRequest, 'bearer'>,
  parse: (text: string) => T,
) => Promise<{ response: HttpResponse; value: T }>;

export function createIcrApi(send: Send, auth: AppAuth, budget: Budget): IcrApi {
  let isAppAccepted = false;

  async function request(http: Omit<HttpRequest, 'bearer'>): Promise<HttpResponse> {
    const attempt = async () => send({ ...http, bearer: await auth.bearer() }, budget);
    const first = await attempt();
    return (await auth.correctClock(first)) ? attempt() : first;
  }

  const call: Call = async (operation, http, parse) => {
    const response = await request(http);
    if (!isSuccess(response)) {
      maskToken(response.text);
      throw apiError(operation, response, auth.requester(response), isAppAccepted);
    }
    isAppAccepted = true;
    return { response, value: parseAs(response, parse) };
  };

  /** Undefined for any other 4xx than 401 and 429, since there may be no such route, and for another shape. */
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
    mintToken: (installation) => mintToken(call, auth, installation),
  };
}
