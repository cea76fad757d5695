/** Keeps the faults that a test set, and chooses the one that a request gets. */
import type { Effect } from './effect.ts';
import { splitTarget } from './router.ts';

export interface Fault {
  /** Any method when left out. */
  readonly method?: string;
  /**
   * Without the base path. A text must be equal to the path without its query: `*` is any one segment and `**`
   * is anything. A regular expression is tried on the path with its query.
   */
  readonly path: string | RegExp;
  readonly effect: Effect;
  /** So many matching requests pass before the first one gets it. Default: 0. */
  readonly skip?: number;
  /** So many requests get it. Default: all. */
  readonly times?: number;
}

interface Entry {
  readonly fault: Fault;
  readonly pattern: RegExp;
  matched: number;
}

export class Faults {
  #entries: Entry[] = [];

  add(fault: Fault): void {
    this.#entries.push({ fault, pattern: expression(fault.path), matched: 0 });
  }

  clear(): void {
    this.#entries = [];
  }

  /** The first fault that matches, in the order in which they were added. */
  hit(method: string, target: string): Effect | undefined {
    for (const entry of this.#entries) {
      const { fault } = entry;
      if (fault.method !== undefined && fault.method !== method) continue;
      if (!entry.pattern.test(typeof fault.path === 'string' ? splitTarget(target).path : target)) continue;
      const past = entry.matched - (fault.skip ?? 0);
      entry.matched += 1;
      if (past >= 0 && past < (fault.times ?? Number.POSITIVE_INFINITY)) return fault.effect;
    }
    return undefined;
  }
}

function expression(path: string | RegExp): RegExp {
  // A copy without g and y, which would make the result depend on the request before.
  if (path instanceof RegExp) return new RegExp(path.source, path.flags.replace(/[gy]/g, ''));
  const source = path.replace(/\*\*|\*|[.+?^${}()|[\]\\]/g, (sign) => {
    if (sign === '**') return '.*';
    return sign === '*' ? '[^/]*' : `\\${sign}`;
  });
  return new RegExp(`^${source}$`);
}
