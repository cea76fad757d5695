/** Stands in for @actions/exec, which @actions/core imports to describe the platform. This action starts no process. */
export function getExecOutput() {
  throw new Error('@actions/exec is left out of this action');
}
