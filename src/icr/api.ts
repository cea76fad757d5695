/** Owns the calls of ICR's App API: their paths, their credentials, and which of their answers are errors. */

import type { Budget, Send } from '../http/client.ts';
import type { HttpRequest, HttpResponse } from '../http/transport.ts';
import type { AppAuth } from './app-auth.ts';
import { apiError, describeResponse } from './errors.ts';
import {
  type Installation,
  type InstallationPage,
  parseInstallation,
  parseInstallationPage,
  ShapeError,
} from './responses.ts';

const PAGE_SIZE = 100;
/** The runner sends SIGTERM 7.5 s after SIGINT and kills 2.5 s after that. */
const MINT_GRACE_SECONDS = 5;

export interface IcrApi {
  /** GET /app/installations/{id} (docs: Apps). */
  getInstallation(id: string): Promise<Installation>;
  /**
   * GET /app/organizations/{id}/installation, named only in the prose of docs "Authenticate as an installation".
   * Undefined where it gives no usable answer: any 4xx but 401 and 429, or another shape.
   */
  findInstallation(organizationId: string): Promise<Installation | undefined>;
  /** GET /app/installations (docs: Apps). Pages count from 0. */
  listInstallations(page: number): Promise<InstallationPage>;
  /**
   * POST /app/installations/{id}/accessTokens, or without an id /app/accessTokens (docs: Apps). The answer holds
   * the token: mask it before anything else.
   */
  mint(installationId: string | undefined): Promise<Reading>;
}

/** An answer that is to be parsed, and what to say where it cannot be. */
export interface Reading {
  /** What was tried, as the beginning of a sentence. */
  purpose: string;
  answer: HttpResponse;
}

/** Every call throws an Error that says what was tried, what came back, the likely cause and the next step. */
export function createIcrApi(send: Send, auth: AppAuth, budget: Budget): IcrApi {
  async function ask(purpose: string, request: Omit<HttpRequest, 'bearer'>): Promise<Reading> {
    const attempt = async () => send({ ...request, bearer: await auth.bearer() }, budget);
    const first = await attempt();
    const answer = (await auth.heal(first)) ? await attempt() : first;
    return { purpose, answer };
  }

  function assertSuccess({ purpose, answer }: Reading): Reading {
    if (!isSuccess(answer)) throw apiError(purpose, answer, auth.identity(answer));
    return { purpose, answer };
  }

  return {
    getInstallation: async (id) => {
      const path = `/app/installations/${encodeURIComponent(id)}`;
      return read(assertSuccess(await ask('Reading the installation', { method: 'GET', path })), parseInstallation);
    },
    findInstallation: async (organizationId) => {
      const path = `/app/organizations/${encodeURIComponent(organizationId)}/installation`;
      const reading = await ask('Finding the organization’s installation', { method: 'GET', path });
      const { status } = reading.answer;
      if (status >= 400 && status < 500 && status !== 401 && status !== 429) return undefined;
      assertSuccess(reading);
      try {
        return parseInstallation(reading.answer.text);
      } catch (error) {
        if (error instanceof ShapeError) return undefined;
        throw error;
      }
    },
    listInstallations: async (page) => {
      const path = `/app/installations?limit=${PAGE_SIZE}&page=${page}`;
      return read(
        assertSuccess(await ask('Listing the app’s installations', { method: 'GET', path })),
        parseInstallationPage,
      );
    },
    mint: async (installationId) => {
      const path =
        installationId === undefined
          ? '/app/accessTokens'
          : `/app/installations/${encodeURIComponent(installationId)}/accessTokens`;
      // The body is what ICR's demo sends; none is documented.
      const request = { method: 'POST', path, body: {}, graceSeconds: MINT_GRACE_SECONDS } as const;
      return assertSuccess(await ask('Minting the access token', request));
    },
  };
}

/** @throws Error that names the request and the field that is not as documented */
export function read<T>({ purpose, answer }: Reading, parse: (text: string) => T): T {
  try {
    return parse(answer.text);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new Error(
      `${purpose} failed: ${describeResponse(answer)}, but ${error.message}. Likely cause: \`api-url\` does not lead to ICR’s API, or something on the way answers in its place. Check \`api-url\` and \`api-version\`.`,
      { cause: error },
    );
  }
}

/** The header that picks a dated version of the API (docs: Apps); empty for none. */
export function versionHeader(apiVersion: string): Record<string, string> {
  return apiVersion === '' ? {} : { 'x-icr-api-version': apiVersion };
}

export function isSuccess({ status }: HttpResponse): boolean {
  return status >= 200 && status < 300;
}
