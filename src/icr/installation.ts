/** An installation of the app: what ICR answers of one, and by which rule one was chosen. */
import { isId, toId } from './id.ts';
import { type Fields, isObject, parseJson, ShapeError } from './json.ts';

/** docs: Apps, "Installation". ICR's demo reads the organization, which that page does not list. */
export interface Installation {
  id: string;
  /** Undefined if the response doesn't name it. */
  organization: Organization | undefined;
}

export interface Organization {
  id: string;
  name: string | undefined;
}

export interface ChosenInstallation extends Installation {
  /** Which rule chose it, and so where its id comes from. */
  rule: 'installation-id' | 'organization-id' | 'only-installation';
  /** The id of another installation of the same organization. */
  another?: string | undefined;
}

export const CHOSEN_BY: Record<ChosenInstallation['rule'], string> = {
  'installation-id': 'chosen by `installation-id`',
  'organization-id': 'chosen by `organization-id`',
  'only-installation': 'chosen as the only one in the list of installations',
};

/** @throws ShapeError */
export function parseInstallation(text: string): Installation {
  return toInstallation(parseJson(text), 'its body', '');
}

/**
 * @param what of the body it is, and `path` what its fields' names begin with, for the message
 * @throws ShapeError
 */
export function toInstallation(item: unknown, what: string, path: string): Installation {
  if (!isObject(item)) throw new ShapeError(`${what} is not an object`);
  const id = toId(item['id']);
  if (id === undefined) throw new ShapeError(`\`${path}id\` is missing or not an id`);
  return { id, organization: organizationOf(item) };
}

/** Whether and where an installation names its organization is not documented. */
function organizationOf({ organization, organizationId }: Fields): Organization | undefined {
  const fields = isObject(organization) ? organization : {};
  const id = toId(fields['id']) ?? toId(organizationId) ?? (isId(organization) ? organization : undefined);
  const name = fields['fullName'] ?? fields['name'];
  return id === undefined ? undefined : { id, name: typeof name === 'string' ? name : undefined };
}
