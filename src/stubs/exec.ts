/** Replaces @actions/exec, which @actions/core imports to describe the platform. This action never asks for that. */
export function getExecOutput(): never {
  throw new Error('@actions/exec is not part of this action');
}
