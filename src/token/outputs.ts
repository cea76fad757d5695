/** The names of the outputs, and the order in which they are written. */
import * as core from '@actions/core';
import { writeFileCommand } from '../runner/file-commands.ts';
import type { CheckedToken } from './checks.ts';

/** Writes every output but the token. An app token has no installation and no organization. */
export function writeDetails(checked: CheckedToken, apiUrl: string): void {
  const { permissions } = checked;
  writeFileCommand('outputs', () => {
    core.setOutput('expires-at', checked.expiresAt);
    core.setOutput('installation-id', checked.installationId ?? '');
    core.setOutput('organization-id', checked.organizationId ?? '');
    core.setOutput('permissions', JSON.stringify(permissions === undefined ? null : Object.fromEntries(permissions)));
    core.setOutput('api-url', apiUrl);
  });
}

/** Comes last, so that the failed write of another output leaves no token. */
export function writeToken(token: string): void {
  writeFileCommand('outputs', () => core.setOutput('token', token));
}
