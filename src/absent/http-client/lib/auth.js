/** Stands in for the handler that @actions/core imports for OIDC tokens, which nothing here asks for. */
export class BearerCredentialHandler {}
