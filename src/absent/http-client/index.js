/** Stands in for @actions/http-client: @actions/core imports it for OIDC, @actions/github asks it for agents on load. */
export class HttpClient {
  getAgent() {}
  getAgentDispatcher() {}
}
