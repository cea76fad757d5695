/** Owns the names of the outputs and the order in which they are written. */
import * as core from '@actions/core';
import type { TokenDetails } from '../icr/responses.ts';
import { writeFileCommand } from '../runner/file-commands.ts';

/** Writes every output but the token; those that an app token has nothing for stay empty. */
export function writeDescription(grant: TokenDetails, apiUrl: string): void {
  writeFileCommand('outputs', () => {
    core.setOutput('expires-at', grant.expiresAt);
    core.setOutput('installation-id', grant.installationId ?? '');
    core.setOutput('organization-id', grant.organizationId ?? '');
    core.setOutput('permissions', JSON.stringify(Object.fromEntries(grant.permissions)));
    core.setOutput('api-url', apiUrl);
  });
}

/** Comes last, so that the failed write of another output leaves no token. */
export function writeToken(token: string): void {
  writeFileCommand('outputs', () => core.setOutput('token', token));
}
