/** Stands in for the client of GitHub's API that @actions/github prepares on load. Calling it is an error. */
export class Octokit {
  static plugin() {
    return Octokit;
  }
  static defaults() {
    return Octokit;
  }
  constructor() {
    throw new Error('@octokit/core is left out of this action');
  }
}
