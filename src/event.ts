/** Owns what the run's event tells: a relayed webhook's installation, and why there may be no secrets. */
import { isId } from './id.ts';
import { plain } from './outside-text.ts';

/**
 * The installation of an ICR webhook that a `repository_dispatch` event relays in its `client_payload`
 * (docs: Webhook actions and payloads); undefined for every other event.
 *
 * @throws Error where the payload has an installation whose id is none
 */
export async function relayedInstallationId(): Promise<string | undefined> {
  const { eventName, payload } = await readContext();
  if (eventName !== 'repository_dispatch') return undefined;
  if (Object.keys(payload).length === 0) throw unreadable();
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

/** Why a run may have no secrets, in a sentence. */
export async function whyNoSecrets(): Promise<string> {
  const { eventName, actor, payload } = await readContext().catch(() => ({
    eventName: '',
    actor: '',
    payload: {} as Fields,
  }));
  if (actor === 'dependabot[bot]') {
    return 'Dependabot started this run, and GitHub gives such runs no Actions secrets, only Dependabot secrets.';
  }
  const head = field(field(payload['pull_request'], 'head'), 'repo');
  const fork = field(head, 'full_name');
  if (
    isObject(payload['pull_request']) &&
    eventName !== 'pull_request_target' &&
    fork !== field(payload['repository'], 'full_name')
  ) {
    const name = typeof fork === 'string' ? ` (${plain(fork, 140)})` : '';
    return `This run is for a pull request from a fork${name}, and GitHub gives such runs no secrets.`;
  }
  return 'Possible causes: the secret does not exist under that name, or belongs to an environment that the job does not name, or the job is in a reusable workflow that was not given it (`secrets: inherit`, or the secret by name).';
}

type Fields = Record<string, unknown>;

/**
 * Loaded only when it is needed: the module parses the event's payload when it is imported, and throws where that
 * is no JSON.
 */
async function readContext(): Promise<{ eventName: string; actor: string; payload: Fields }> {
  try {
    const { context } = await import(/* webpackMode: "eager" */ '@actions/github');
    const payload: unknown = context.payload;
    return { eventName: context.eventName, actor: context.actor, payload: isObject(payload) ? payload : {} };
  } catch (error) {
    throw unreadable(error);
  }
}

function unreadable(cause?: unknown): Error {
  return new Error(
    'The run’s event payload (GITHUB_EVENT_PATH) cannot be read. Set `organization-id`, so that it is not needed.',
    { cause },
  );
}

function field(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
