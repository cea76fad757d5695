/** Replaces @actions/http-client, which @actions/core imports for OIDC tokens. This action never asks for one. */
export class HttpClient {}

export class BearerCredentialHandler {}
