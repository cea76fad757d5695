/** Stands in for a plugin of the client that octokit-core stands in for. */
export function paginateRest() {}
