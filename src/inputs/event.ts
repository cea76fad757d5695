/** Reads the event that triggered the run: a relayed webhook, a run without secrets, a private repository. */
// The package's entry would load a client of GitHub's API, which this action never calls.
import { Context } from '../../node_modules/@actions/github/lib/context.js';
import { isId } from '../icr/id.ts';
import { quote } from '../runner/quote.ts';

type Fields = Record<string, unknown>;

/** Those that run without secrets for a fork; `pull_request_target` has them. */
const PULL_REQUEST_EVENTS = new Set(['pull_request', 'pull_request_review', 'pull_request_review_comment']);

/** What triggered the run. */
export interface RunEvent {
  name: string;
  actor: string;
  /** Empty if the event's file cannot be read. */
  payload: Fields;
}

/** Never throws: most runs don't need the event. */
export function readEvent(): RunEvent {
  const name = process.env['GITHUB_EVENT_NAME'] ?? '';
  const actor = process.env['GITHUB_ACTOR'] ?? '';
  try {
    const payload: unknown = new Context().payload;
    return { name, actor, payload: isObject(payload) ? payload : {} };
  } catch {
    return { name, actor, payload: {} };
  }
}

/** Of an ICR webhook. */
export interface RelayedInstallation {
  id: string;
  /** Undefined if the payload doesn't say. */
  organizationId: string | undefined;
}

/**
 * The installation of an ICR webhook that a `repository_dispatch` event relays in its `client_payload`
 * (docs: Webhook actions and payloads); undefined for every other event.
 *
 * @throws Error if the payload has an installation whose id is not an id
 */
export function relayedInstallation({ name, payload }: RunEvent): RelayedInstallation | undefined {
  if (name !== 'repository_dispatch') return undefined;
  if (Object.keys(payload).length === 0) {
    throw new Error(
      'The run’s event payload (GITHUB_EVENT_PATH) cannot be read. Set `organization-id`: then it is not needed.',
    );
  }
  const relayed = payload['client_payload'];
  if (!isObject(relayed) || relayed['installation'] === undefined) return undefined;
  const { installation } = relayed;
  const id = isObject(installation) ? installation['id'] : undefined;
  if (!isId(id)) {
    throw new Error(
      'The event’s `client_payload.installation.id` is not an id. Relay ICR’s webhook payload unchanged as `client_payload`, or set `organization-id`.',
    );
  }
  const organizationId = field(field(installation, 'organization'), 'id');
  return { id, organizationId: isId(organizationId) ? organizationId : undefined };
}

/** Its id, and undefined if the payload has no usable id. */
export function findRelayedInstallationId(event: RunEvent): string | undefined {
  try {
    return relayedInstallation(event)?.id;
  } catch {
    return undefined;
  }
}

/**
 * Whether GitHub gives such a run no secrets, and what the event shows of it, as the end of a sentence.
 *
 * @see https://docs.github.com/actions/security-for-github-actions/security-guides/using-secrets-in-github-actions
 */
export function explainMissingSecrets({ name, actor, payload }: RunEvent): { isExpected: boolean; cause: string } {
  if (isDependabot({ actor })) return { isExpected: true, cause: 'Dependabot started it' };
  const { repository } = payload;
  const head = field(payload['pull_request'], 'head');
  const base = field(repository, 'full_name');
  // A fork that was deleted meanwhile is null.
  const isFromFork = isObject(head) && typeof base === 'string' && field(head['repo'], 'full_name') !== base;
  if (isFromFork && PULL_REQUEST_EVENTS.has(name)) {
    return { isExpected: true, cause: `it is for a pull request from a fork${nameOf(head['repo'])}` };
  }
  if (field(repository, 'fork') === true) {
    return { isExpected: true, cause: `its repository is a fork${nameOf(repository)}` };
  }
  return { isExpected: false, cause: 'the event does not show why' };
}

export function isDependabot({ actor }: Pick<RunEvent, 'actor'>): boolean {
  return actor === 'dependabot[bot]';
}

/** False unless the event says so: then the run's log may be public. */
export function isRepositoryPrivate({ payload }: RunEvent): boolean {
  return field(payload['repository'], 'private') === true;
}

/** A fork that was deleted has no name. */
function nameOf(repository: unknown): string {
  const name = field(repository, 'full_name');
  return typeof name === 'string' ? ` (${quote(name, 140)})` : '';
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
