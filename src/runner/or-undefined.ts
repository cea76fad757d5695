/** What the function returns, or undefined if it throws what tells nobody more than that. */
export function orUndefined<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
