/** Combines the likely ways in which ICR may differ, so that every two of them meet in some world. */
import type { Settings } from '../simulator/simulator.ts';
import type { Course, World } from './play.ts';

export interface Choice {
  name: string;
  settings?: Partial<Settings>;
  world?: Omit<World, 'name' | 'settings'>;
  /** Ends the step, so that nothing is seen of what comes later. */
  ends?: 'before the mint' | 'after the mint' | 'unseen';
  /** Of the organization's route: the installation is known without the list. */
  isFound?: boolean;
  /** Of a revocation: how many tokens are alive in the end. */
  alive?: number;
}

const HTML = { 'Content-Type': 'text/html' };
const GATEWAY = { status: 403, json: { message: 'Missing Authentication Token' }, atOnce: true };
const NO_ROUTE = {
  status: 404,
  json: { statusCode: 404, message: 'Cannot DELETE /x', error: 'Not Found' },
  atOnce: true,
};

/** In the order in which the step meets them. The first of each is what the simulator does by default. */
const DIMENSIONS: Readonly<Record<string, readonly Choice[]>> = {
  asked: [
    { name: 'the third of three', world: { installations: 3, target: 2 } },
    { name: 'the 25th of thirty', world: { installations: 30, target: 24 } },
    { name: 'no id, one there', world: { installations: 1, ask: 'nothing' } },
    { name: 'both ids', world: { installations: 3, target: 2, ask: 'both' } },
  ],
  JWT: [
    { name: 'as documented' },
    { name: 'clock off, 401', settings: { clockAheadSeconds: 3600 } },
    { name: 'clock off, 403 as text', settings: { clockAheadSeconds: 3600, jwtRefusalStatus: 403, errorForm: 'text' } },
    { name: 'clock off, 400', settings: { clockAheadSeconds: -3600, jwtRefusalStatus: 400, errorForm: 'message' } },
    {
      name: 'wrong key, 403 as text',
      settings: { jwtRefusalStatus: 403, jwtRefusalMessage: 'Access token invalid', errorForm: 'text' },
      world: { isKeyWrong: true },
      ends: 'before the mint',
    },
    {
      name: 'wrong key, 404',
      settings: { jwtRefusalStatus: 404, jwtRefusalMessage: 'App not found' },
      world: { isKeyWrong: true },
      ends: 'before the mint',
    },
  ],
  route: [
    { name: 'as documented', isFound: true },
    { name: 'no route', settings: { organizationInstallationRoute: false } },
    { name: '422', settings: { answers: { organization: { status: 422, json: { message: 'id must be a number' } } } } },
    { name: '500', settings: { answers: { organization: { status: 500, json: { message: 'Internal' } } } } },
    { name: 'wrapped', settings: { answers: { organization: { under: 'installation' } } } },
    { name: 'another’s', settings: { organizationInstallationRoute: 'another' } },
  ],
  query: [
    { name: 'taken' },
    { name: 'limit over 20 refused', settings: { maxPageSize: 20, overMaxPageSize: 'refuse' } },
    { name: 'limit capped', settings: { maxPageSize: 10 } },
    { name: 'refused', settings: { listQuery: 400 } },
    { name: 'ignored, all come', settings: { listQuery: 'ignored', defaultPageSize: 1000 } },
    { name: 'ignored, ten come', settings: { listQuery: 'ignored' } },
  ],
  shape: [
    { name: 'as documented' },
    { name: 'the body', settings: { listUnder: '' } },
    { name: 'data', settings: { listUnder: 'data' } },
    { name: 'flat organizationId', settings: { organizationAs: 'organizationId' } },
    { name: 'organization as text', settings: { organizationAs: 'text' } },
    { name: 'whole numbers', settings: { numericIds: true } },
  ],
  pages: [
    { name: 'from 0' },
    { name: 'page 0 is page 1', settings: { pageZero: 'like page 1' } },
    { name: 'page 0 is empty', settings: { pageZero: 'empty' } },
    { name: 'page 0 is refused', settings: { pageZero: 'refused' } },
    { name: 'total of one page', settings: { listTotal: 'page' } },
    { name: 'no pagination', settings: { listPagination: false } },
    { name: '404 beyond', settings: { pageBeyond: 404 } },
  ],
  mint: [
    { name: '201' },
    { name: '200, no isActive', settings: { mintStatus: 200, mintPatch: { isActive: undefined } } },
    { name: 'no expiresAt', settings: { mintPatch: { expiresAt: undefined, installationId: undefined } } },
    {
      name: 'odd levels',
      settings: { mintPatch: { permissions: { organization_info: 'VIEW', examiner: null, x: 3 } } },
    },
    { name: 'another organization', settings: { mintPatch: { organizationId: 'another' } }, ends: 'after the mint' },
    { name: 'token elsewhere', settings: { tokenField: 'accessToken' }, ends: 'unseen' },
  ],
  revocation: [
    { name: 'true', alive: 0 },
    { name: '{}', settings: { revokeBody: '{}' }, alive: 0 },
    { name: '204', settings: { answers: { revoke: { status: 204, text: '' } } }, alive: 0 },
    { name: 'OK', settings: { answers: { revoke: { text: 'OK' } } }, alive: 0 },
    { name: '401 once', settings: { replicaLag: { requests: 1, status: 401 } }, alive: 0 },
    { name: 'no route', settings: { answers: { revoke: NO_ROUTE } }, alive: 1 },
    { name: 'gateway', settings: { answers: { revoke: GATEWAY } }, alive: 1 },
    {
      name: 'HTML 404',
      settings: { answers: { revoke: { ...NO_ROUTE, text: '<h1>404</h1>', headers: HTML } } },
      alive: 1,
    },
    { name: 'false', settings: { revokeBody: 'false', revokeWorks: false }, alive: 1 },
  ],
};

export interface Combination extends World {
  choices: readonly Choice[];
}

/** Greedy: each world takes, dimension by dimension, what makes most new pairs. Two choices that hide others never meet. */
export function combinations(): Combination[] {
  const dimensions = Object.values(DIMENSIONS);
  const missing = new Set<string>();
  for (const [index, choices] of dimensions.entries())
    for (const other of dimensions.slice(index + 1))
      for (const one of choices)
        for (const another of other) if (!hides(one) || !hides(another)) missing.add(pair(dimensions, one, another));

  const worlds: Combination[] = [];
  while (missing.size > 0) {
    const seed = [...missing][0] ?? '';
    let chosen: Choice[] = dimensions.flatMap((choices) => choices.filter((choice) => isIn(dimensions, choice, seed)));
    for (const choices of dimensions) {
      if (choices.some((choice) => chosen.includes(choice))) continue;
      const allowed = choices.filter((choice) => !hides(choice));
      const gain = (choice: Choice) => pairsOf(dimensions, [...chosen, choice]).filter((it) => missing.has(it)).length;
      const best = allowed.reduce((best, choice) => (gain(choice) > gain(best) ? choice : best));
      chosen = [...chosen, best];
    }
    const before = missing.size;
    for (const it of pairsOf(dimensions, chosen)) missing.delete(it);
    if (missing.size === before) throw new Error(`no world has the pair ${seed}`);
    worlds.push(combine(dimensions.flatMap((choices) => choices.filter((choice) => chosen.includes(choice)))));
  }
  return worlds;
}

type Dimensions = readonly (readonly Choice[])[];

function hides({ ends }: Choice): boolean {
  return ends !== undefined;
}

function key(dimensions: Dimensions, choice: Choice): string {
  const dimension = dimensions.findIndex((choices) => choices.includes(choice));
  return `${dimension}.${dimensions[dimension]?.indexOf(choice)}`;
}

function pair(dimensions: Dimensions, one: Choice, another: Choice): string {
  return [key(dimensions, one), key(dimensions, another)].sort().join(' ');
}

function isIn(dimensions: Dimensions, choice: Choice, pairText: string): boolean {
  return pairText.split(' ').includes(key(dimensions, choice));
}

/** What a world shows: with a choice that ends the step, only the pairs that it is in. */
function pairsOf(dimensions: Dimensions, chosen: readonly Choice[]): string[] {
  const end = chosen.find(hides);
  return chosen.flatMap((one, index) =>
    chosen.slice(index + 1).flatMap((another) => {
      return end === undefined || one === end || another === end ? [pair(dimensions, one, another)] : [];
    }),
  );
}

function combine(choices: readonly Choice[]): Combination {
  const settings: Partial<Settings> = {};
  const world: Omit<World, 'name' | 'settings'> = {};
  for (const choice of choices) {
    const answers = { ...settings.answers, ...choice.settings?.answers };
    Object.assign(settings, choice.settings, { answers });
    Object.assign(world, choice.world);
  }
  return { ...world, name: choices.map(({ name }) => name).join(' | '), settings, choices };
}

export interface Prediction {
  main: 'token' | 'red';
  minted: number;
  alive: number;
}

/** What the contract makes of a combination, by what the simulator itself shows in its list. */
export function predict({ choices, ask = 'organization', settings = {} }: Combination, { list }: Course): Prediction {
  const end = choices.find(hides)?.ends;
  if (end === 'before the mint') return { main: 'red', minted: 0, alive: 0 };
  const isFound =
    ask === 'nothing' ? list.isWhole : ask === 'both' || list.hasTarget || choices.some((choice) => choice.isFound);
  if (!isFound) return { main: 'red', minted: 0, alive: 0 };
  if (end === 'unseen') return { main: 'red', minted: 1, alive: 1 };
  const alive = choices.reduce((sum, choice) => sum + (choice.alive ?? 0), 0);
  // Only ICR's own form says that a token is not known, so that it is asked again.
  const isLagUnclear = settings.replicaLag !== undefined && settings.errorForm !== undefined;
  return { main: end === undefined ? 'token' : 'red', minted: 1, alive: isLagUnclear && end === undefined ? 1 : alive };
}
