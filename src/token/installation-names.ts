/** Describes organizations and installations to a person, as many and as much as the log may show. */
import type { Installation, Organization } from '../icr/installation.ts';
import { quote } from '../runner/quote.ts';

const MAX_LISTED = 20;
const MAX_NAME_CHARACTERS = 80;

/**
 * For the end of a sentence.
 *
 * @param isLogPrivate otherwise only the count is told: the list is the app's customers
 */
export function describeInstallations(installations: readonly Installation[], isLogPrivate: boolean): string {
  const count = installations.length;
  if (count === 0) return 'no installation';
  if (isLogPrivate) {
    const listed = installations.slice(0, MAX_LISTED).map(describeInstallation).join(', ');
    return count > MAX_LISTED ? `${listed}, and ${count - MAX_LISTED} more` : listed;
  }
  return `${count === 1 ? 'one installation' : `${count} installations`}. Their organizations are not shown, because the event doesn’t say that the repository is private: copy the organization’s ID from ICR’s dashboard, or run this step in a private repository`;
}

/** `“Name” id`, the id whole, so that it can be copied. */
export function describeOrganization({ id, name }: Organization): string {
  return `${name === undefined ? '' : `“${quote(name, MAX_NAME_CHARACTERS)}” `}${id}`;
}

function describeInstallation({ id, organization }: Installation): string {
  const owner = organization === undefined ? 'an organization that is not named' : describeOrganization(organization);
  return `${owner} (installation ${id})`;
}
