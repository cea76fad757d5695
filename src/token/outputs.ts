/** The names of the outputs, and the order in which they are written. */
import * as core from '@actions/core';
import type { TokenDetails } from '../icr/responses.ts';
import { writeFileCommand } from '../runner/file-commands.ts';

/** Writes every output but the token. An app token has no installation and no organization. */
export function writeDetails(details: TokenDetails, apiUrl: string): void {
  writeFileCommand('outputs', () => {
    core.setOutput('expires-at', details.expiresAt);
    core.setOutput('installation-id', details.installationId ?? '');
    core.setOutput('organization-id', details.organizationId ?? '');
    core.setOutput('permissions', JSON.stringify(Object.fromEntries(details.permissions)));
    core.setOutput('api-url', apiUrl);
  });
}

/** Comes last, so that the failed write of another output leaves no token. */
export function writeToken(token: string): void {
  writeFileCommand('outputs', () => core.setOutput('token', token));
}
