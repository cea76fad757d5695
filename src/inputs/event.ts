/** Reads the event that triggered the run: a run without secrets, a private repository. */
// The package's entry would load a client of GitHub's API, which this action never calls.
import { Context } from '../../node_modules/@actions/github/lib/context.js';
import { quote } from '../runner/quote.ts';

/** Those that run without secrets for a fork; `pull_request_target` has them. */
const PULL_REQUEST_EVENTS = new Set(['pull_request', 'pull_request_review', 'pull_request_review_comment']);

/** What triggered the run. */
export interface RunEvent {
  name: string;
  actor: string;
  /** Empty if the event's file cannot be read. */
  payload: unknown;
}

/** Never throws: most runs don't need the event. */
export function readEvent(): RunEvent {
  const name = process.env['GITHUB_EVENT_NAME'] ?? '';
  const actor = process.env['GITHUB_ACTOR'] ?? '';
  try {
    return { name, actor, payload: new Context().payload };
  } catch {
    return { name, actor, payload: {} };
  }
}

/**
 * What the event shows of a run to which GitHub gives no secrets, as the end of a sentence; undefined if it shows none.
 *
 * @see https://docs.github.com/actions/security-for-github-actions/security-guides/using-secrets-in-github-actions
 */
export function explainMissingSecrets({ name, actor, payload }: RunEvent): string | undefined {
  if (isDependabot({ actor })) return 'Dependabot started it';
  const repository = field(payload, 'repository');
  const head = field(field(payload, 'pull_request'), 'head');
  const base = field(repository, 'full_name');
  // A fork that was deleted meanwhile is null.
  const fork = field(head, 'repo');
  const isFromFork = head != null && typeof base === 'string' && field(fork, 'full_name') !== base;
  if (isFromFork && PULL_REQUEST_EVENTS.has(name)) return `it is for a pull request from a fork${nameOf(fork)}`;
  return field(repository, 'fork') === true ? `its repository is a fork${nameOf(repository)}` : undefined;
}

export function isDependabot({ actor }: Pick<RunEvent, 'actor'>): boolean {
  return actor === 'dependabot[bot]';
}

/**
 * False unless the event says so: then the run's log may be read by more people than the repository's own. An internal
 * repository is read by a whole enterprise, and is `private`, too.
 */
export function isRepositoryPrivate({ payload }: RunEvent): boolean {
  const repository = field(payload, 'repository');
  const visibility = field(repository, 'visibility');
  return visibility === undefined ? field(repository, 'private') === true : visibility === 'private';
}

/** A fork that was deleted has no name. */
function nameOf(repository: unknown): string {
  const name = field(repository, 'full_name');
  return typeof name === 'string' ? ` (${quote(name, 141)})` : '';
}

/** Undefined if it isn't there, or if there is nothing that has fields. */
function field(value: unknown, name: string): unknown {
  return Reflect.get(Object(value), name);
}
