/** How an installation was chosen, and how a message says it. */

/** Also the origin of its id. */
export type InstallationSource = 'installation-id' | 'organization-id' | 'webhook' | 'only-installation';

/** For messages: how the id of an installation became known. */
export const ORIGINS: Record<InstallationSource, string> = {
  'installation-id': 'from `installation-id`',
  'organization-id': 'found for `organization-id`',
  webhook: 'from the webhook’s `client_payload.installation.id`',
  'only-installation': 'from the list of installations',
};

export interface ChosenId {
  id: string;
  source: InstallationSource;
}
