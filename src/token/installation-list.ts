/** The list of the app's installations: read to its end, and described for a person. */
import type { IcrApi } from '../icr/api.ts';
import type { Installation } from '../icr/responses.ts';
import { info } from '../runner/log.ts';
import { quote } from '../runner/quote.ts';

/** Far more than an app will have, and less than memory or the budget would end at. */
const MAX_INSTALLATIONS = 1_000_000;
const PROGRESS_INTERVAL_MS = 10_000;
const MAX_LISTED = 20;
/** So that a list and its sentence fit an annotation, which the runner cuts at 4,096 characters. */
const MAX_LISTED_CHARACTERS = 3600;
const MAX_NAME_CHARACTERS = 80;

interface ListOptions {
  /** Whether the list may end at a `pagination.total` that says so, and not only at a page without a new id. */
  isTotalTrusted?: (total: number) => boolean;
  /** Any clock that goes on, for the line every ten seconds or so that says how far the look-up is. */
  nowMs?: () => number;
}

/**
 * Every installation of the app, once. Ends at an empty page, at `pagination.total`, or at a page that brings no new
 * id; not at a short page, since a server may cap `limit`, whose maximum is not documented. A total below what was
 * read is wrong, and ends nothing.
 *
 * @throws Error if the list does not end
 */
export async function* eachInstallation(
  api: Pick<IcrApi, 'listInstallations'>,
  { isTotalTrusted = () => true, nowMs = Date.now }: ListOptions = {},
): AsyncGenerator<Installation> {
  const seenIds = new Set<string>();
  let toldMs = nowMs();
  for (let page = 0; ; page += 1) {
    const { installations, total } = await api.listInstallations(page);
    const seenBefore = seenIds.size;
    for (const installation of installations) {
      if (seenIds.has(installation.id)) continue;
      seenIds.add(installation.id);
      yield installation;
    }
    if (seenIds.size === seenBefore || (seenIds.size === total && isTotalTrusted(total))) return;
    if (seenIds.size > MAX_INSTALLATIONS) {
      throw new Error(
        `The list of installations does not end. Set \`installation-id\`, and check \`api-url\`: ${seenIds.size} installations were read.`,
      );
    }
    if (nowMs() - toldMs >= PROGRESS_INTERVAL_MS) {
      toldMs = nowMs();
      const ofAll = total !== undefined && total > seenIds.size ? ` of ${total}` : '';
      info(`Still reading the list of installations: ${seenIds.size}${ofAll} so far.`);
    }
  }
}

export interface Tally {
  add(installation: Installation): void;
  count(): number;
  /** For the end of a sentence. */
  describe(): string;
}

/**
 * Counts installations, and remembers as many as a message can list.
 *
 * @param isLogPrivate otherwise only the count is told: the list is the app's customers
 */
export function createTally(isLogPrivate: boolean): Tally {
  const labels: string[] = [];
  let characters = 0;
  let count = 0;
  return {
    add: (installation) => {
      count += 1;
      if (labels.length === MAX_LISTED || characters > MAX_LISTED_CHARACTERS) return;
      const label = describeInstallation(installation);
      characters += label.length;
      if (characters <= MAX_LISTED_CHARACTERS) labels.push(label);
    },
    count: () => count,
    describe: () => {
      if (count === 0) return 'no installation';
      if (isLogPrivate)
        return `${labels.join(', ')}${count > labels.length ? `, and ${count - labels.length} more` : ''}`;
      const organizations = count === 1 ? 'one organization' : `${count} organizations`;
      return `${organizations}. Their names are not shown, because the repository is not private: run this step in a private one to see them`;
    },
  };
}

/** `“Name” id`, the id whole, so that it can be copied. */
export function describeOrganization({ id, name }: NonNullable<Installation['organization']>): string {
  return `${name === undefined ? '' : `“${quote(name, MAX_NAME_CHARACTERS)}” `}${quote(id, 128)}`;
}

function describeInstallation({ id, organization }: Installation): string {
  const owner = organization === undefined ? 'an organization that is not named' : describeOrganization(organization);
  return `${owner} (installation ${quote(id, 128)})`;
}
