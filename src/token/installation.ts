/** Owns which installation the token is for, in the order of precedence that the README gives. */

import type { IcrApi } from '../icr/api.ts';
import { isSameId } from '../icr/id.ts';
import type { Installation } from '../icr/responses.ts';
import { info } from '../runner/log.ts';
import { sanitize } from '../runner/sanitize.ts';

const MAX_LISTED = 20;
/** Of installations that the list names no organization for, and that are asked one by one. */
const MAX_ASKED = 20;
const MAX_NAME_CHARACTERS = 80;

export interface Wanted {
  installationId: string | undefined;
  organizationId: string | undefined;
}

/**
 * The installation to mint for; its organization is known only where the API named it on the way.
 *
 * @param relayedInstallationId reads the webhook that the event relays; called only if no input decides
 */
export async function chooseInstallation(
  api: IcrApi,
  { installationId, organizationId }: Wanted,
  relayedInstallationId: () => string | undefined,
): Promise<Installation> {
  if (installationId !== undefined && organizationId !== undefined) {
    return confirmInstallation(api, installationId, organizationId);
  }
  if (installationId !== undefined) return { id: installationId, organization: undefined };
  if (organizationId !== undefined) return findByOrganization(api, organizationId);
  const relayedId = relayedInstallationId();
  if (relayedId !== undefined) return { id: relayedId, organization: undefined };
  return findOnly(api);
}

async function confirmInstallation(api: IcrApi, id: string, organizationId: string): Promise<Installation> {
  const installation = await api.getInstallation(id);
  const { organization } = installation;
  // One that names no organization passes: the minted token names it, and is checked.
  if (organization !== undefined && !isSameId(organization.id, organizationId)) {
    throw new Error(
      `Installation ${id} belongs to another organization, ${label(installation)}, not to \`organization-id\` ${organizationId}. Nothing was minted. Correct one of the two inputs.`,
    );
  }
  return { ...installation, id };
}

async function findByOrganization(api: IcrApi, organizationId: string): Promise<Installation> {
  const direct = await api.findInstallation(organizationId);
  if (direct !== undefined && belongsTo(direct, organizationId) !== false) return direct;
  info('The organization’s own look-up gave no usable answer; reading the list of installations.');

  const seen = createTally();
  const nameless: Installation[] = [];
  for await (const installation of eachInstallation(api)) {
    if (belongsTo(installation, organizationId) === true) return installation;
    if (installation.organization === undefined && nameless.length <= MAX_ASKED) nameless.push(installation);
    seen.add(installation);
  }
  let isToldOfAll = nameless.length <= MAX_ASKED;
  for (const { id } of nameless.slice(0, MAX_ASKED)) {
    const installation = await api.getInstallation(id);
    if (belongsTo(installation, organizationId) === true) return installation;
    if (installation.organization === undefined) isToldOfAll = false;
  }
  if (!isToldOfAll) {
    throw new Error(
      `Whether the app is installed for \`organization-id\` ${organizationId} cannot be told, since the API does not name every installation’s organization. Set \`installation-id\`. The list was read to its end; it holds ${seen.describe()}.`,
    );
  }
  throw new Error(
    `The app is not installed for \`organization-id\` ${organizationId}. Likely cause: it was not installed, was uninstalled or suspended, or the id is of another environment than \`api-url\`. Ask an admin of the organization to install it, or correct the id. The list was read to its end; it holds ${seen.describe()}.`,
  );
}

async function findOnly(api: IcrApi): Promise<Installation> {
  const seen = createTally();
  let first: Installation | undefined;
  for await (const installation of eachInstallation(api)) {
    first ??= installation;
    seen.add(installation);
  }
  if (first === undefined) {
    throw new Error(
      'The app has no installation. Ask an admin of the organization to install it, or check that `api-url` is of the environment where it is installed.',
    );
  }
  if (seen.count() === 1) return first;
  throw new Error(
    `The app has several installations, and nothing says which one is meant. Set \`organization-id\`. It is installed for ${seen.describe()}.`,
  );
}

/**
 * Every installation of the app, once. Ends at an empty page, at `pagination.total`, or at a page that brings no
 * new id; not at a short page, since a server may cap `limit`, whose maximum is not documented.
 */
async function* eachInstallation(api: IcrApi): AsyncGenerator<Installation> {
  const seenIds = new Set<string>();
  for (let page = 0; ; page += 1) {
    const { installations, total } = await api.listInstallations(page);
    const seenBefore = seenIds.size;
    for (const installation of installations) {
      if (seenIds.has(installation.id)) continue;
      seenIds.add(installation.id);
      yield installation;
    }
    if (seenIds.size === seenBefore || (total !== undefined && seenIds.size >= total)) return;
  }
}

function belongsTo({ organization }: Installation, organizationId: string): boolean | undefined {
  return organization === undefined ? undefined : isSameId(organization.id, organizationId);
}

/** Counts installations and remembers the few that a message can name. */
function createTally() {
  const labels: string[] = [];
  let count = 0;
  return {
    add: (installation: Installation) => {
      count += 1;
      if (labels.length < MAX_LISTED) labels.push(label(installation));
    },
    count: () => count,
    describe: () => {
      const more = count > labels.length ? `, and ${count - labels.length} more` : '';
      return count === 0 ? 'no installation' : `${labels.join(', ')}${more}`;
    },
  };
}

function label({ id, organization }: Installation): string {
  if (organization === undefined) return `an organization that is not named (installation ${sanitize(id, 40)})`;
  const name = organization.name === undefined ? '' : `“${sanitize(organization.name, MAX_NAME_CHARACTERS)}” `;
  return `${name}${sanitize(organization.id, 40)} (installation ${sanitize(id, 40)})`;
}
