/** Owns what the run's event tells: a relayed webhook's installation, and why there may be no secrets. */
// The package's entry would load a client of GitHub's API, which this action never calls.
import { Context } from '../../node_modules/@actions/github/lib/context.js';
import { isId } from '../icr/id.ts';
import { sanitize } from '../runner/sanitize.ts';

type Fields = Record<string, unknown>;

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

/**
 * The installation of an ICR webhook that a `repository_dispatch` event relays in its `client_payload`
 * (docs: Webhook actions and payloads); undefined for every other event.
 *
 * @throws Error where the payload has an installation whose id is none
 */
export function relayedInstallationId({ name, payload }: RunEvent): string | undefined {
  if (name !== 'repository_dispatch') return undefined;
  if (Object.keys(payload).length === 0) {
    throw new Error(
      'The run’s event payload (GITHUB_EVENT_PATH) cannot be read. Set `organization-id`, so that it is not needed.',
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
  return id;
}

/** The same, and undefined if the payload has no usable id. */
export function findRelayedInstallationId(event: RunEvent): string | undefined {
  try {
    return relayedInstallationId(event);
  } catch {
    return undefined;
  }
}

/** Whether only the repository's collaborators can read the log. */
export function isRepositoryPrivate({ payload }: RunEvent): boolean {
  return field(payload['repository'], 'private') === true;
}

/** Why a run may have no secrets, in a sentence. */
export function whyNoSecrets({ name, actor, payload }: RunEvent): string {
  if (actor === 'dependabot[bot]') {
    return 'Dependabot started this run, and GitHub gives such runs no Actions secrets, only Dependabot secrets.';
  }
  const head = field(field(payload['pull_request'], 'head'), 'repo');
  const fork = field(head, 'full_name');
  if (
    isObject(payload['pull_request']) &&
    name !== 'pull_request_target' &&
    fork !== field(payload['repository'], 'full_name')
  ) {
    const repository = typeof fork === 'string' ? ` (${sanitize(fork, 140)})` : '';
    return `This run is for a pull request from a fork${repository}, and GitHub gives such runs no secrets.`;
  }
  return 'Possible causes: the secret does not exist under that name, or belongs to an environment that the job does not name, or the job is in a reusable workflow that was not given it (`secrets: inherit`, or the secret by name).';
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
