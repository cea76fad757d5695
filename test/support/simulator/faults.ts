/** Owns the list of faults put in front of the routes, and which of them hits a request. */
import type { Effect } from './effect.ts';
import { splitTarget } from './router.ts';

export interface Fault {
  /** Any method when left out. */
  readonly method?: string;
  /**
   * Without the base path. Text is compared with the whole path without its query, `*` standing for one
   * segment and `**` for anything; an expression is tried on the path with its query.
   */
  readonly path: string | RegExp;
  readonly effect: Effect;
  /** So many matching requests go by before the first is hit. Default 0. */
  readonly skip?: number;
  /** So many requests are hit; default: for ever. */
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

  /** The faults stand in a row, in the order they were added: a request hit by one never reaches the next. */
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
  // A copy without g and y, which would make the outcome depend on the request before.
  if (path instanceof RegExp) return new RegExp(path.source, path.flags.replace(/[gy]/g, ''));
  const source = path.replace(/\*\*|\*|[.+?^${}()|[\]\\]/g, (sign) => {
    if (sign === '**') return '.*';
    return sign === '*' ? '[^/]*' : `\\${sign}`;
  });
  return new RegExp(`^${source}$`);
}
