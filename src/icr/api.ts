/** The calls of ICR's App API: their paths, their credentials, and which of their answers are errors. */
import { type Budget, partOf, type Send } from '../http/client.ts';
import { RequestError } from '../http/request-error.ts';
import { type HttpRequest, type HttpResponse, isSuccess } from '../http/transport.ts';
import { createClock } from './clock.ts';
import type { Credential } from './credential.ts';
import { apiError } from './error-status.ts';
import { type ChosenInstallation, type Installation, parseInstallation } from './installation.ts';
import { readInstallationList } from './installation-list.ts';
import { parseAs, tryAs, tryJson } from './json.ts';
import { type MintedToken, mintToken } from './minted-token.ts';

/** What the organization's own route may cost: it is a hint, and the list is the dependable way. */
const HINT_SECONDS = 25;

/** Every call but the two that may return undefined throws an Error in words for the log. */
export interface IcrApi {
  /** GET /app/installations/{id} (docs: Apps). */
  getInstallation(id: string): Promise<Installation>;
  /** The same call, and undefined if it tells nothing: any 4xx but 401 and 429, or another shape. */
  findInstallation(id: string): Promise<Installation | undefined>;
  /**
   * GET /app/organizations/{id}/installation, which only the prose of docs "Authenticate as an installation" names.
   * Undefined whatever else comes than an installation.
   */
  findOrganizationInstallation(organizationId: string): Promise<Installation | undefined>;
  /** GET /app/installations (docs: Apps), page by page, each installation once. */
  listInstallations(): AsyncGenerator<Installation[], void>;
  /** POST /app/installations/{id}/accessTokens, or POST /app/accessTokens for the app itself (docs: Apps). */
  mintToken(installation?: ChosenInstallation): Promise<MintedToken>;
}

export function createIcrApi(send: Send, credential: Credential, budget: Budget): IcrApi {
  const clock = createClock();
  /** Whether ICR took the JWT for any request, so that key and clock are right. */
  let isAppAccepted = false;

  async function request(http: Omit<HttpRequest, 'bearer'>, within = budget): Promise<HttpResponse> {
    const attempt = async () => {
      const bearer = await credential.jwt(clock.offsetMs(), within.cancelled);
      const response = await send({ ...http, bearer }, within);
      isAppAccepted ||= isSuccess(response) && holdsJson(response);
      return response;
    };
    const first = await attempt();
    const isWorthRepeating = !isAppAccepted && credential.input !== 'jwt' && clock.adjustBy(first);
    return isWorthRepeating ? attempt() : first;
  }

  const get = (path: string) => request({ method: 'GET', path });
  const toError = (response: HttpResponse, installation?: ChosenInstallation) =>
    apiError(response, isAppAccepted ? undefined : credential, installation);

  return {
    getInstallation: async (id) => {
      const response = await get(installationPath(id));
      if (!isSuccess(response)) throw toError(response, { id, organization: undefined, rule: 'installation-id' });
      return parseAs(response, parseInstallation);
    },
    findInstallation: async (id) => {
      const response = await get(installationPath(id));
      const { status } = response;
      if (status >= 400 && status < 500 && status !== 401 && status !== 429) return undefined;
      if (!isSuccess(response)) throw toError(response);
      return tryAs(response, parseInstallation);
    },
    findOrganizationInstallation: async (organizationId) => {
      const path = `/app/organizations/${encodeURIComponent(organizationId)}/installation`;
      // A command that signs takes its time from the whole budget.
      await credential.jwt(clock.offsetMs(), budget.cancelled);
      try {
        const response = await request({ method: 'GET', path }, partOf(budget, HINT_SECONDS));
        return isSuccess(response) ? tryAs(response, parseInstallation) : undefined;
      } catch (error) {
        if (error instanceof RequestError && !error.affectsEveryRequest) return undefined;
        throw error;
      }
    },
    listInstallations: () => readInstallationList(get, toError),
    mintToken: (installation) => {
      const owner = installation === undefined ? '/app' : installationPath(installation.id);
      return mintToken(`${owner}/accessTokens`, request, (response) => toError(response, installation));
    },
  };
}

/** Whether the body is what an API answers with, and not a page or a word of something in between. */
function holdsJson({ text }: HttpResponse): boolean {
  const body = tryJson(text);
  return typeof body === 'object' && body !== null;
}

function installationPath(id: string): string {
  return `/app/installations/${encodeURIComponent(id)}`;
}
