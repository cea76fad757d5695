/** The checks that a minted token must pass: which token passes, and what is said of one that doesn't. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ChosenInstallation } from '../../src/icr/installation.ts';
import type { MintedToken } from '../../src/icr/minted-token.ts';
import { parsePermissions } from '../../src/icr/permissions.ts';
import { maskSecret } from '../../src/runner/secrets.ts';
import { checkToken, type TokenRequirements } from '../../src/token/checks.ts';
import { captured } from '../support/properties.ts';

const ORGANIZATION = '47b8a5f0-1111-4222-8333-444455556666';

const CHOSEN: ChosenInstallation = { id: 'i-1', organization: undefined, rule: 'installation-id', another: undefined };
const MINTED: MintedToken = {
  token: 'crs_0123456789abcdef',
  expiresAt: '2026-01-31T14:00:00.000Z',
  isExpiryAssumed: false,
  isActive: true,
  permissions: new Map([
    ['organization_info', 'VIEW'],
    ['inventory', 'REQUEST'],
    ['warehouse', 'WRITE'],
    ['odd', 'OWNER'],
  ]),
  installationId: 'i-1',
  organizationId: ORGANIZATION,
};

function requirements(others: Partial<TokenRequirements> = {}): TokenRequirements {
  return {
    installation: CHOSEN,
    organizationId: ORGANIZATION,
    requiredPermissions: new Map(),
    allowedPermissions: undefined,
    ...others,
  };
}

const required = (text: string) => ({ requiredPermissions: parsePermissions('required-permissions', text) });
const allowed = (text: string) => ({ allowedPermissions: parsePermissions('allowed-permissions', text) });
const named = (id: string) => ({
  organizationId: undefined,
  installation: { ...CHOSEN, organization: { id, name: undefined } },
});

describe('a token passes', () => {
  const cases: [what: string, minted: Partial<MintedToken>, wanted: Partial<TokenRequirements>][] = [
    ['that is what was asked for', {}, {}],
    ['for an organization whose UUID is in another case', { organizationId: ORGANIZATION.toUpperCase() }, {}],
    ['that names no installation: it is the one that was asked for', { installationId: undefined }, {}],
    [
      'that names no organization, if none was asked for or named',
      { organizationId: undefined },
      { organizationId: undefined },
    ],
    ['of the organization that ICR named for the installation', {}, named(ORGANIZATION)],
    ['of 16 characters', { token: 'crs_0123456789ab' }, {}],
    ['without permissions, if no input speaks of them', { permissions: undefined }, {}],
    ['with the levels that are required', {}, required('organization_info: view, inventory: read\nwarehouse: Write')],
  ];
  for (const [what, minted, wanted] of cases) {
    test(what, () => {
      const checked = checkToken({ ...MINTED, ...minted }, requirements(wanted));
      assert.equal(checked.installationId, 'i-1');
    });
  }

  test('within `allowed-permissions`', () => {
    const permissions = new Map([
      ['organization_info', 'VIEW'],
      ['inventory', 'request'],
    ]);
    const most = allowed('organization_info: read, inventory: write, warehouse: read');
    checkToken({ ...MINTED, permissions }, requirements(most));
  });

  test('whose organization is no id, if none was asked for: its output stays empty', () => {
    const minted = { ...MINTED, organizationId: '(not a string)' };
    assert.equal(checkToken(minted, requirements({ organizationId: undefined })).organizationId, undefined);
  });

  test('whose organization was verified, and is repeated in the token: its output is what was asked for', () => {
    const organizationId = 'f3c1d2e4-9a5b-4c7d-8e6f-99aa88bb77cc';
    const minted = { ...MINTED, token: `crs_${organizationId}`, organizationId };
    captured(() => maskSecret(minted.token));
    assert.equal(checkToken(minted, requirements({ organizationId })).organizationId, organizationId);
  });

  test('of an app, which is for no installation and no organization', () => {
    const checked = checkToken(MINTED, requirements({ installation: undefined, organizationId: undefined }));
    assert.deepEqual([checked.installationId, checked.organizationId], [undefined, undefined]);
  });
});

describe('a token is refused', () => {
  const cases: [what: string, minted: Partial<MintedToken>, wanted: Partial<TokenRequirements>, says: RegExp][] = [
    [
      'of another organization',
      { organizationId: 'other' },
      {},
      /^ICR minted a token for another organization than was asked for\. Report this to ICR\. It is for other, not for 47b8/,
    ],
    [
      'of no organization that is named',
      { organizationId: undefined },
      {},
      /^ICR minted a token and doesn’t name its organization\. Report this to ICR: it was asked for 47b8/,
    ],
    [
      'of an organization that is no string',
      { organizationId: '(not a string)' },
      {},
      /^ICR minted a token for another organization/,
    ],
    [
      'of another organization than ICR named for the installation',
      {},
      named('other'),
      /^ICR minted a token for another organization than was asked for\. Report this to ICR\. It is for 47b8.*, not for other\.$/,
    ],
    [
      'of no organization, if ICR named one for the installation',
      { organizationId: undefined },
      named('other'),
      /doesn’t name its organization\. .* it was asked for other\.$/,
    ],
    [
      'of another installation',
      { installationId: 'i-2' },
      {},
      /^ICR minted a token for another installation than was asked for\. Report this to ICR\. It is for i-2, not for i-1\.$/,
    ],
    ['that is not active', { isActive: false }, {}, /^ICR minted a token that is not active\. Ask an admin/],
    [
      'of 15 characters',
      { token: 'crs_0123456789a' },
      {},
      /^ICR minted a token that can’t be masked and sent safely\. Report this to ICR: it has fewer than 16/,
    ],
    ...[' ', '\n', '\t', '\0', '\u200b', '\u2028', 'é', '\u007f'].map(
      (character): [string, Partial<MintedToken>, Partial<TokenRequirements>, RegExp] => [
        `that holds ${JSON.stringify(character)}`,
        { token: `crs_0123456789${character}abcdef` },
        {},
        /^ICR minted a token that can’t be masked and sent safely\. Report this to ICR/,
      ],
    ),
    [
      'whose permissions are not known, if some are required',
      { permissions: undefined },
      required('organization_info: read'),
      /^ICR doesn’t say which permissions the token has\. Remove `required-permissions` and `allowed-permissions`/,
    ],
    [
      'whose permissions are not known, if only some are allowed',
      { permissions: undefined },
      allowed('organization_info: read'),
      /^ICR doesn’t say which permissions the token has\./,
    ],
    [
      'that lacks a level',
      {},
      required('inventory: write'),
      /^The token lacks `inventory: write` \(it has request\)\. Add it to the app, and ask the organization’s admin to accept it\. If no step needs it, remove it from `required-permissions`\. Required: inventory: write\. Granted: organization_info: read, /,
    ],
    [
      'that lacks several permissions',
      {},
      required('organization_info: read, organization_members: read, inventory: write'),
      /^The token lacks `organization_members: read` and 1 more\. Add .* accept them\. .*Required: organization_info: read, organization_members: read, inventory: write\./,
    ],
    [
      'with an unknown level for a required one',
      {},
      required('odd: read'),
      /^The token lacks `odd: read` \(it has OWNER\)\./,
    ],
    [
      'without a permission that is likely misspelled',
      {},
      required('organisation_info: read'),
      /^`required-permissions` names `organisation_info`, likely a misspelling\. ICR documents organization_info, organization_members, organization_projects, organization_warehouse, organization_inventory\. /,
    ],
    [
      'without a permission in another case',
      {},
      required('Inventory: read'),
      /names `Inventory`, likely a misspelling/,
    ],
    [
      'without a permission that Object has',
      {},
      required('__proto__: read'),
      /names `__proto__`, likely a misspelling/,
    ],
    [
      'with more than is allowed',
      {},
      allowed('organization_info: read, inventory: read, warehouse: write, odd: write'),
      /^`allowed-permissions` does not allow `inventory: request` and 1 more\. Allow it, or use an app that was granted less: ICR can’t narrow a token\. Beyond it: inventory: request, odd: OWNER\.$/,
    ],
  ];
  for (const [what, minted, wanted, says] of cases) {
    test(what, () => {
      assert.throws(
        () => checkToken({ ...MINTED, ...minted }, requirements(wanted)),
        ({ message }) => says.test(message),
      );
    });
  }
});
