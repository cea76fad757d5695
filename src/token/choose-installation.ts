/** Chooses the installation that the token is for, by the rules that the README gives in their order. */
import type { IcrApi } from '../icr/api.ts';
import { isSameId } from '../icr/id.ts';
import type { InstallationSource } from '../icr/installation-source.ts';
import type { Installation } from '../icr/responses.ts';
import { info } from '../runner/log.ts';
import { quote } from '../runner/quote.ts';
import { createTally, describeOrganization, eachInstallation, type Tally } from './installation-list.ts';

export interface Wanted {
  installationId: string | undefined;
  organizationId: string | undefined;
}

export interface ChosenInstallation extends Installation {
  source: InstallationSource;
}

/**
 * The installation to mint for. Its organization is known only if the API named it on the way.
 *
 * @param relayedInstallation reads the webhook that the event relays; called only if no input decides
 * @param isLogPrivate whether the log may list the app's organizations
 */
export async function chooseInstallation(
  api: IcrApi,
  { installationId, organizationId }: Wanted,
  relayedInstallation: () => { id: string; organizationId: string | undefined } | undefined,
  isLogPrivate: boolean,
): Promise<ChosenInstallation> {
  if (installationId !== undefined) {
    const source = 'installation-id';
    if (organizationId === undefined) return { id: installationId, organization: undefined, source };
    return { ...(await confirm(api, installationId, organizationId, isLogPrivate)), source };
  }
  if (organizationId !== undefined) {
    return { ...(await findByOrganization(api, organizationId, isLogPrivate)), source: 'organization-id' };
  }
  const relayed = relayedInstallation();
  if (relayed !== undefined) {
    const { id, organizationId } = relayed;
    const organization = organizationId === undefined ? undefined : { id: organizationId, name: undefined };
    return { id, organization, source: 'webhook' };
  }
  return { ...(await findOnly(api, isLogPrivate)), source: 'only-installation' };
}

async function confirm(api: IcrApi, id: string, organizationId: string, isLogPrivate: boolean): Promise<Installation> {
  const { organization } = await api.getInstallation(id);
  // One that names no organization passes: the minted token names it, and is checked.
  if (organization !== undefined && !isSameId(organization.id, organizationId)) {
    const actual = isLogPrivate ? describeOrganization(organization) : quote(organization.id, 128);
    throw new Error(
      `\`installation-id\` and \`organization-id\` are of different organizations. Correct the one that is wrong. Installation ${id} is of ${actual}, not of ${organizationId}. No token was minted.`,
    );
  }
  return { id, organization };
}

async function findByOrganization(api: IcrApi, organizationId: string, isLogPrivate: boolean): Promise<Installation> {
  const direct = await api.findOrganizationInstallation(organizationId);
  // What has the organization's own id is the organization.
  const isInstallation = direct !== undefined && !isSameId(direct.id, organizationId);
  if (isInstallation && belongsTo(direct, organizationId) !== false) return direct;
  info('ICR’s look-up of the organization gave no usable answer: reading the list of installations.');

  const tally = createTally(isLogPrivate);
  const unnamedIds: string[] = [];
  for await (const installation of eachInstallation(api)) {
    if (belongsTo(installation, organizationId) === true) return installation;
    if (installation.organization === undefined) unnamedIds.push(installation.id);
    else tally.add(installation);
  }
  let isToldOfAll = true;
  for (const id of unnamedIds) {
    const installation = await api.findInstallation(id);
    if (installation !== undefined && belongsTo(installation, organizationId) === true) return { ...installation, id };
    if (installation?.organization === undefined) isToldOfAll = false;
    tally.add({ id, organization: installation?.organization });
  }
  throw isToldOfAll ? notInstalled(organizationId, tally) : notTold(organizationId, tally);
}

function notInstalled(organizationId: string, tally: Tally): Error {
  return new Error(
    `The app isn’t installed for organization ${organizationId}. Ask its admin to install it or to lift a suspension, or correct \`organization-id\`: ids in sandbox and production differ. The list was read to its end; it has ${tally.describe()}.`,
  );
}

function notTold(organizationId: string, tally: Tally): Error {
  return new Error(
    `ICR doesn’t tell which installation is of the \`organization-id\`. Set \`installation-id\`. Not every installation could be read or names its organization, so ${organizationId} may be among them. The list was read to its end; it has ${tally.describe()}.`,
  );
}

async function findOnly(api: IcrApi, isLogPrivate: boolean): Promise<Installation> {
  const tally = createTally(isLogPrivate);
  let first: Installation | undefined;
  // A total that counts one page would make the first of several the only one.
  const list = eachInstallation(api, { isTotalTrusted: (seen) => seen > 1 });
  for await (const installation of list) {
    first ??= installation;
    tally.add(installation);
  }
  if (first === undefined) {
    throw new Error(
      'The app has no installation. Ask an admin of the organization to install it, or check that `api-url` is of the environment in which it is installed.',
    );
  }
  if (tally.count() === 1) return first;
  throw new Error(
    `Set \`organization-id\`: the app has ${tally.count()} installations, and nothing says which. It is installed for ${tally.describe()}.`,
  );
}

/** Undefined if the API doesn't say. */
function belongsTo({ organization }: Installation, organizationId: string): boolean | undefined {
  return organization === undefined ? undefined : isSameId(organization.id, organizationId);
}
