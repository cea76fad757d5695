/** Stands in for undici, which @actions/github imports for a client of GitHub's API that nothing here uses. */
export function fetch() {
  throw new Error('undici is left out of this action');
}
