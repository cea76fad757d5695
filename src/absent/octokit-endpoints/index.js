/** Stands in for a plugin of the client that octokit-core stands in for; it is 96 kB of GitHub's endpoints. */
export function restEndpointMethods() {}
