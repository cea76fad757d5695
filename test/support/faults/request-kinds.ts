/** Lists the rows of the fault matrix: every request that the action makes, and a step that makes it. */
import type { Scene } from '../scene.ts';
import type { RequestRecord, Settings } from '../simulator/simulator.ts';

export type RequestName =
  | 'organization look-up'
  | 'list'
  | 'installation'
  | 'mint'
  | 'app token'
  | 'revoke'
  | 'revoke by main';

export interface RequestKind {
  name: RequestName;
  method: string;
  /** As a fault's path. */
  path: string;
  inputs(scene: Scene): Record<string, string>;
  settings?: Partial<Settings>;
}

export const REQUEST_KINDS: readonly RequestKind[] = [
  {
    name: 'organization look-up',
    method: 'GET',
    path: '/app/organizations/*/installation',
    inputs: ({ nordic }) => ({ 'organization-id': nordic.organization.id }),
  },
  {
    name: 'list',
    method: 'GET',
    path: '/app/installations',
    inputs: ({ nordic }) => ({ 'organization-id': nordic.organization.id }),
    settings: { organizationInstallationRoute: false },
  },
  {
    name: 'installation',
    method: 'GET',
    path: '/app/installations/*',
    inputs: ({ nordic }) => ({ 'organization-id': nordic.organization.id, 'installation-id': nordic.id }),
  },
  {
    name: 'mint',
    method: 'POST',
    path: '/app/installations/*/accessTokens',
    inputs: ({ nordic }) => ({ 'installation-id': nordic.id }),
  },
  { name: 'app token', method: 'POST', path: '/app/accessTokens', inputs: () => ({ 'token-type': 'app' }) },
  {
    name: 'revoke',
    method: 'DELETE',
    path: '/app/installations/token',
    inputs: ({ nordic }) => ({ 'installation-id': nordic.id }),
  },
  {
    name: 'revoke by main',
    method: 'DELETE',
    path: '/app/installations/token',
    // Nordic Carbon grants no members, so main takes the token back.
    inputs: ({ nordic }) => ({ 'installation-id': nordic.id, 'required-permissions': 'organization_members: read' }),
  },
];

/** Whether a request is of the kind, below any base path. */
export function isOf({ method, path }: RequestKind): (request: RequestRecord) => boolean {
  const pattern = new RegExp(`${path.replaceAll('*', '[^/]*')}(?:\\?.*)?$`);
  return (request) => request.method === method && pattern.test(request.path);
}
