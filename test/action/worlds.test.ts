/**
 * Plays each way in which ICR may differ from the simulator, through main and post. With `WORLDS_TABLE` it prints what
 * came of each, and `WORLDS_DIST` names the folder of another bundle to play.
 */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { shortenSecond } from '../support/faults/short-second.ts';
import { combinations, predict } from '../support/worlds/pairs.ts';
import { type Course, openElsewhere, play, type Surroundings, type World } from '../support/worlds/play.ts';
import { type Ending, ROWS } from '../support/worlds/rows.ts';

/** Ten times faster than in production. */
const SECOND_MS = 100;
const AT_ONCE = 8;
const TIMEOUT_MS = 170_000;
/** Worlds that failed and are played again, one at a time. More than a busy machine explains are not. */
const MAX_REPEATED = 6;
const ONLY = process.env['WORLDS_ONLY'];

const elsewhere = await openElsewhere();
const short = await shortenSecond(SECOND_MS, process.env['WORLDS_DIST']);
after(async () => {
  elsewhere.close();
  await short[Symbol.asyncDispose]();
});
const surroundings: Surroundings = { dist: short.dist, secondMs: SECOND_MS, elsewhere: elsewhere.url };

interface Case {
  of: string;
  world: World;
  check: (course: Course) => void;
}

const cases: Case[] = [
  ...ROWS.map((row) => ({ of: row.of, world: row, check: (course: Course) => assertEnding(row.ends, course) })),
  ...combinations().map((world) => ({
    of: 'Combinations',
    world,
    check: (course: Course) => {
      const { main, minted, alive } = course;
      const seen = { main: main.exitCode === 0 ? 'token' : 'red', minted, alive };
      assert.deepEqual(seen, predict(world, course), toldBy(course));
    },
  })),
].filter(({ of, world }) => ONLY === undefined || `${of}: ${world.name}`.includes(ONLY));

const results = playAll();

for (const of of new Set(cases.map((it) => it.of))) {
  describe(`${of}:`, () => {
    for (const it of cases.filter((other) => other.of === of)) {
      test(it.world.name, { timeout: TIMEOUT_MS }, async () => {
        const error = (await results).get(it);
        if (error !== undefined) throw error;
      });
    }
  });
}

test('no credential goes to another host', { timeout: TIMEOUT_MS }, async () => {
  await results;
  assert.deepEqual(elsewhere.requests, []);
});

async function playAll(): Promise<Map<Case, unknown>> {
  const errors = new Map<Case, unknown>();
  const rows = new Map<Case, string>();
  const judge = async (it: Case) => {
    try {
      const course = await play(it.world, surroundings);
      rows.set(it, describeCourse(it, course));
      assert.deepEqual(course.wrongs, [], toldBy(course));
      it.check(course);
      errors.delete(it);
    } catch (error) {
      errors.set(it, error);
    }
  };
  const queue = [...cases];
  const work = async () => {
    for (let it = queue.shift(); it !== undefined; it = queue.shift()) await judge(it);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (errors.size <= MAX_REPEATED) for (const it of errors.keys()) await judge(it);
  if (process.env['WORLDS_TABLE'] !== undefined) {
    console.log('| world | ended with | alive after post | requests | main took | what the log said | as due |');
    console.log(`|${'---|'.repeat(7)}`);
    for (const it of cases) console.log(`${rows.get(it)} ${errors.has(it) ? '**no**' : 'yes'} |`);
  }
  return errors;
}

function assertEnding(ends: Ending, course: Course): void {
  const { main, minted, alive, asked } = course;
  const told = toldBy(course);
  assert.equal(main.exitCode, ends.main === 'token' ? 0 : 1, told);
  if (ends.main !== 'token') assert.match(main.errors[0] ?? '', ends.main);
  if (ends.log !== undefined) assert.match(main.log.join('\n'), ends.log);
  if (ends.never !== undefined) assert.doesNotMatch(main.stdout, ends.never);
  if (ends.asked !== undefined) assert.match(asked.main.join('\n'), ends.asked);
  assert.equal(whatPostSaid(course), ends.post, told);
  if (ends.minted !== 'any') assert.equal(minted, ends.minted ?? (ends.main === 'token' ? 1 : 0), 'tokens minted');
  if (ends.alive !== 'any') assert.equal(alive, ends.alive, 'tokens alive after post');
}

/** What both steps said, for a failure's message. */
function toldBy({ main, post }: Course): string {
  return [...main.log, ...main.errors, ...post.log, ...post.warnings, main.stderr, post.stderr].join('\n');
}

function whatPostSaid({ post }: Course): Ending['post'] | 'several things' {
  if (post.warnings.length > 0) return 'warned';
  const said = post.log.join('\n');
  const all = (
    [
      ['revoked', /^Revoked/m],
      ['already invalid', /already invalid/],
      ['expired', /expired at/],
    ] as const
  )
    .filter(([, words]) => words.test(said))
    .map(([name]) => name);
  return all.length === 0 ? 'quiet' : all.length === 1 ? (all[0] ?? 'quiet') : 'several things';
}

function describeCourse({ of, world }: Case, course: Course): string {
  const { main, post, alive, asked } = course;
  const ended = main.exitCode === 0 ? 'token' : `red, ${course.minted} minted`;
  const said = [...main.errors, ...post.warnings, ...post.log].join(' / ') || '(nothing)';
  const seconds = `${Math.round(main.milliseconds / SECOND_MS)} s`;
  const requests = `${asked.main.length} + ${asked.post.length}`;
  const cells = [`${of}: ${world.name}`, ended, alive, requests, seconds, said];
  return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
