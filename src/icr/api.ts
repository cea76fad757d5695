/** The calls of ICR's App API: their paths, their credentials, and which of their answers are errors. */
import { type Budget, partOf, RequestError, type Send } from '../http/client.ts';
import type { HttpRequest, HttpResponse } from '../http/transport.ts';
import { messageOf } from '../runner/log.ts';
import { maskSecret } from '../runner/secrets.ts';
import { isHtml, isSuccess, ShapeError, tryJson } from './answers.ts';
import { createClock } from './clock.ts';
import type { Credential } from './credential.ts';
import { apiError, type InstallationRule, type Operation, parseAs } from './errors.ts';
import { type ListEnd, readInstallationList } from './installation-list.ts';
import { type AccessToken, type Installation, parseAccessToken, parseInstallation } from './responses.ts';

/** What the organization's own route may cost: it is a hint, and the list is the dependable way. */
const HINT_SECONDS = 25;
/** docs: Authenticate as an installation. */
const TOKEN_LIFETIME_MS = 2 * 60 * 60 * 1000;
/** A mint is not idempotent. The runner sends SIGTERM 7.5 s after SIGINT and kills 2.5 s after that. */
const MINT = { method: 'POST', attemptSeconds: 30, maxUnansweredRetries: 2, graceSeconds: 5 } as const;
/** The mask of anything else in an error's `token` would garble the log. */
const LIKE_TOKEN = /^[!-~]{16,}$/;

export interface ChosenInstallation {
  id: string;
  /** If ICR named it on the way. */
  organization: Installation['organization'];
  rule: InstallationRule;
  /** The id of another installation of the same organization. */
  another: string | undefined;
}

/** A token that exists and is masked. Nothing of it was checked. */
export interface MintedToken extends AccessToken {
  /** ISO 8601, UTC. */
  expiresAt: string;
  /** Whether ICR didn't say when it expires, so that it is two hours from the mint, as documented. */
  isExpiryAssumed: boolean;
}

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
  /**
   * GET /app/installations (docs: Apps), page by page, each installation once.
   *
   * @param isEnough gets each page; true ends the list before its end, and then nothing is said of it
   */
  readInstallationList(isEnough: (page: Installation[]) => boolean): Promise<ListEnd | undefined>;
  /** POST /app/installations/{id}/accessTokens, or POST /app/accessTokens for the app itself (docs: Apps). */
  mintToken(installation?: ChosenInstallation): Promise<MintedToken>;
}

export function createIcrApi(send: Send, credential: Credential, budget: Budget): IcrApi {
  const clock = createClock();
  /** Whether ICR took the JWT for any request, so that key and clock are right. */
  let isAppAccepted = false;
  /** Attempts at the mint that were sent and got no response. */
  let unanswered = 0;

  async function request(http: Omit<HttpRequest, 'bearer'>, within = budget): Promise<HttpResponse> {
    const attempt = async () => {
      const bearer = await credential.jwt(clock.offsetMs(), within.cancelled);
      const response = await send({ ...http, bearer }, within).catch((error: unknown) => {
        if (error instanceof RequestError) unanswered += error.unanswered;
        throw error;
      });
      unanswered += response.unanswered;
      if (isSuccess(response) && holdsJson(response)) {
        isAppAccepted = true;
        clock.keep();
      }
      return response;
    };
    const first = await attempt();
    const isWorthRepeating = !isAppAccepted && credential.canSignAgain && clock.adjustBy(first);
    return isWorthRepeating ? attempt() : first;
  }

  async function mint(operation: Operation, path: string): Promise<MintedToken> {
    unanswered = 0;
    const response = await request({ ...MINT, path, body: {} }).catch((error: unknown) => {
      throw withUnseenTokens(error, unanswered);
    });
    if (!isSuccess(response)) {
      maskToken(response.text);
      // A page of HTML is of something on the way, and tells nothing of what ICR did behind it.
      const isHidden = isHtml(response) && (response.status === 403 || response.status >= 500);
      throw withUnseenTokens(
        apiError(operation, response, credential, isAppAccepted),
        isHidden ? response.sent : unanswered,
      );
    }
    const minted = parseMint(response, unanswered + 1);
    maskSecret(minted.token);
    const expiresAt = minted.expiresAt ?? endOfTokenMintedAt(response.dateMs ?? response.receivedMs);
    return { ...minted, expiresAt, isExpiryAssumed: minted.expiresAt === undefined };
  }

  return {
    getInstallation: async (id) => {
      const response = await request({ method: 'GET', path: installationPath(id) });
      const operation = { kind: 'installation', id, rule: 'installation-id' } as const;
      if (!isSuccess(response)) throw apiError(operation, response, credential, isAppAccepted);
      return parseAs(response, parseInstallation);
    },
    findInstallation: async (id) => {
      const response = await request({ method: 'GET', path: installationPath(id) });
      const { status } = response;
      if (status >= 400 && status < 500 && status !== 401 && status !== 429) return undefined;
      if (!isSuccess(response)) throw apiError({ kind: 'list' }, response, credential, isAppAccepted);
      return tryInstallation(response);
    },
    findOrganizationInstallation: async (organizationId) => {
      const path = `/app/organizations/${encodeURIComponent(organizationId)}/installation`;
      // A command that signs takes its time from the whole budget.
      await credential.jwt(clock.offsetMs(), budget.cancelled);
      try {
        const response = await request({ method: 'GET', path }, partOf(budget, HINT_SECONDS));
        return isSuccess(response) ? tryInstallation(response) : undefined;
      } catch (error) {
        const isHint =
          error instanceof RequestError && !error.affectsEveryRequest && budget.cancelled?.aborted !== true;
        if (isHint) return undefined;
        throw error;
      }
    },
    readInstallationList: (isEnough) =>
      readInstallationList(
        (path) => request({ method: 'GET', path }),
        (response) => apiError({ kind: 'list' }, response, credential, isAppAccepted),
        isEnough,
      ),
    mintToken: (installation) =>
      installation === undefined
        ? mint({ kind: 'app' }, '/app/accessTokens')
        : mint({ kind: 'mint', ...installation }, `${installationPath(installation.id)}/accessTokens`),
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

function tryInstallation(response: HttpResponse): Installation | undefined {
  try {
    return parseInstallation(response.text);
  } catch (error) {
    if (error instanceof ShapeError) return undefined;
    throw error;
  }
}

function parseMint(response: HttpResponse, unseenTokens: number): AccessToken {
  try {
    return parseAs(response, parseAccessToken);
  } catch (error) {
    throw withUnseenTokens(error, unseenTokens);
  }
}

/** Masks the token of a response that is an error and holds one all the same. */
function maskToken(text: string): void {
  try {
    const { token } = parseAccessToken(text);
    if (LIKE_TOKEN.test(token)) maskSecret(token);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
  }
}

/** @param count how many mints may have succeeded without an answer that could be read */
function withUnseenTokens(error: unknown, count: number): unknown {
  if (count === 0) return error;
  const tokens = count === 1 ? 'a token that nobody has seen: it' : `up to ${count} tokens that nobody has seen: they`;
  return new Error(
    `${messageOf(error)} ICR may have minted ${tokens} would be valid until ${endOfTokenMintedAt(Date.now())}.`,
    {
      cause: error,
    },
  );
}

/** ISO 8601. @param mintedMs Unix time in milliseconds */
function endOfTokenMintedAt(mintedMs: number): string {
  return new Date(mintedMs + TOKEN_LIFETIME_MS).toISOString();
}
