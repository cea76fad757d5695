/** Chooses the installation that the token is for, by the rules that the README gives in their order. */
import type { IcrApi } from '../icr/api.ts';
import { isSameId } from '../icr/id.ts';
import type { ChosenInstallation, Installation, Organization } from '../icr/installation.ts';
import { info } from '../runner/log.ts';
import { describeInstallations, describeOrganization } from './installation-names.ts';

interface Wanted {
  installationId: string | undefined;
  organizationId: string | undefined;
}

/**
 * The installation to mint for. Its organization is known only if the API named it on the way.
 *
 * @param isLogPrivate whether the log may list the app's organizations
 * @throws Error in words for the log; nothing was minted
 */
export async function chooseInstallation(
  api: IcrApi,
  { installationId, organizationId }: Wanted,
  isLogPrivate: boolean,
): Promise<ChosenInstallation> {
  if (installationId !== undefined) {
    const organization =
      organizationId === undefined ? undefined : await confirm(api, installationId, organizationId, isLogPrivate);
    return { id: installationId, organization, rule: 'installation-id' };
  }
  return organizationId === undefined ? findOnly(api, isLogPrivate) : findFor(organizationId, api, isLogPrivate);
}

async function confirm(
  api: IcrApi,
  id: string,
  organizationId: string,
  isLogPrivate: boolean,
): Promise<Organization | undefined> {
  const { organization } = await api.getInstallation(id);
  // One that names no organization passes: the minted token names it, and is checked.
  if (organization === undefined || isSameId(organization.id, organizationId)) return organization;
  const actual = isLogPrivate ? describeOrganization(organization) : 'another one';
  throw new Error(
    `\`installation-id\` and \`organization-id\` are of different organizations. Correct the one that is wrong. Installation ${id} is of ${actual}, not of ${organizationId}. No token was minted.`,
  );
}

async function findFor(organizationId: string, api: IcrApi, isLogPrivate: boolean): Promise<ChosenInstallation> {
  const direct = await api.findOrganizationInstallation(organizationId);
  // An answer with the organization's own id is the organization, not its installation.
  if (direct !== undefined && !isSameId(direct.id, organizationId) && isOf(direct, organizationId) !== false) {
    return { ...direct, rule: 'organization-id' };
  }
  info('The organization’s own route gave no usable answer: reading the list of installations.');

  const asked: Installation[] = [];
  for await (const page of api.listInstallations()) {
    const [first, second] = page.filter((installation) => isOf(installation, organizationId) === true);
    if (first !== undefined) return { ...first, rule: 'organization-id', another: second?.id };
    for (const { id, organization } of page) {
      // One that can't be read either stays without an organization.
      const whole = organization === undefined ? await api.findInstallation(id) : { id, organization };
      if (whole !== undefined && isOf(whole, organizationId) === true) return { ...whole, rule: 'organization-id' };
      asked.push({ id, organization: whole?.organization });
    }
  }
  const list = `ICR’s list has ${describeInstallations(asked, isLogPrivate)}.`;
  throw new Error(
    asked.some(({ organization }) => organization === undefined)
      ? `ICR doesn’t tell which installation is of the \`organization-id\`. Set \`installation-id\`. Not every installation could be read or names its organization, so ${organizationId} may be among them. ${list}`
      : `The app isn’t installed for organization ${organizationId}. Ask its admin to install it or to lift a suspension, or correct \`organization-id\`: ids in sandbox and production differ. ${list}`,
  );
}

async function findOnly(api: IcrApi, isLogPrivate: boolean): Promise<ChosenInstallation> {
  const installations: Installation[] = [];
  for await (const page of api.listInstallations()) installations.push(...page);
  const [only, ...others] = installations;
  if (only === undefined) {
    throw new Error(
      'The app has no installation. Ask an admin of the organization to install it, or check that `api-url` is of the environment in which it is installed.',
    );
  }
  if (others.length === 0) return { ...only, rule: 'only-installation' };
  throw new Error(
    `Set \`organization-id\`: the app has ${installations.length} installations, and nothing says which. ICR’s list has ${describeInstallations(installations, isLogPrivate)}.`,
  );
}

/** Undefined if the API doesn't say. */
function isOf({ organization }: Installation, organizationId: string): boolean | undefined {
  return organization === undefined ? undefined : isSameId(organization.id, organizationId);
}
