/** Runs one cell of the fault matrix: a step whose request is hit by a fault, and what must hold of it. */
import assert from 'node:assert/strict';
import { assertFailed, type Result, type Step } from '../runner.ts';
import { assertNoSecrets, createScene, type Scene } from '../scene.ts';
import type { IssuedToken, RequestRecord } from '../simulator/simulator.ts';
import type { FaultKind } from './fault-kinds.ts';
import { attemptSeconds, budgetSeconds, type Expected, expect, MAX_BACKOFF_SECONDS } from './oracle.ts';
import { isOf, type RequestKind } from './request-kinds.ts';

export interface Cell {
  request: RequestKind;
  fault: FaultKind;
  times: number;
}

export interface Outcome {
  attempts: number;
  processes: number;
}

interface Surroundings {
  dist: string;
  /** How long a second of the action takes here. */
  secondMs: number;
}

/** What a loaded machine may take to start a process and to run a timer; the policy's own times come on top. */
const SLACK_MS = 4_000;
const MAIN_SECONDS = 90;
const REVOCATION_SECONDS = 15;
const POST_SECONDS = 60;
const DEBUG = { RUNNER_DEBUG: '1', ACTIONS_STEP_DEBUG: 'true' };

export function describeCell({ request, fault, times }: Cell): string {
  return `${request.name}, ${fault.name}, ${Number.isFinite(times) ? `${times} times` : 'for ever'}`;
}

/** @throws AssertionError for the first thing that is not as it must be */
export async function runCell(cell: Cell, surroundings: Surroundings): Promise<Outcome> {
  const { request, fault, times } = cell;
  await using scene = await createScene({ settings: { echoAuthorization: true, ...request.settings } });
  const step = await scene.step(request.inputs(scene), { dist: surroundings.dist, env: DEBUG });
  const expected = expect(request.name, fault, times);
  scene.simulator.fault({ method: request.method, path: request.path, effect: fault.effect(), times });

  const course = { cell, expected, scene, step, ...surroundings };
  const processes =
    request.name === 'revoke'
      ? await judgePost(course)
      : request.name === 'revoke by main'
        ? await judgeRevocationByMain(course)
        : await judgeMain(course);

  const sent = scene.simulator.requests().filter(isOf(request));
  const attempts = request.name === 'revoke by main' ? sent.length - sentByPost(course) : sent.length;
  const { min, max } = expected.attempts;
  assert.ok(attempts >= min && attempts <= max, `${attempts} attempts, where ${min} to ${max} are due`);
  assertWaits(sent.slice(0, attempts), course);
  return { attempts, processes };
}

interface Course extends Surroundings {
  cell: Cell;
  expected: Expected;
  scene: Scene;
  step: Step;
  /** How many revocations there were when main had ended. */
  revocationsByMain?: number;
}

async function judgeMain({ cell, scene, step, expected, secondMs }: Course): Promise<number> {
  const main = await step.main();
  assertDiscreet(main, scene);
  assertTime(main, MAIN_SECONDS, secondMs);
  if (expected.outcome === 'failure') {
    assertFailed(main, /\.$/);
    assert.match(main.errors[0] ?? '', expected.named ?? /./);
    assert.deepEqual([...main.outputs], [], 'no output on failure');
    assert.equal(main.state.get('token') ?? '', '');
    assert.deepEqual(tokensGiven(scene), []);
    return 1;
  }
  assertHandedOn(main);
  const isListed = scene.asked().some((line) => line.startsWith('GET /app/installations?'));
  if (expected.outcome === 'list') assert.ok(isListed, 'the list was read');
  assert.deepEqual(
    liveTokens(scene).map(({ token }) => token),
    [main.state.get('token')],
    'whatever is alive is left for post',
  );
  // What post makes of it is the rows of the revocation's to show, but for the offset of the clock.
  const { seen } = cell.fault;
  if (seen.as !== 'answer' || seen.isClockOff !== true) return 1;
  const post = await step.post(DEBUG);
  assertDiscreet(post, scene);
  assertQuiet(post);
  assert.deepEqual(liveTokens(scene), []);
  return 2;
}

async function judgePost({ scene, step, expected, secondMs }: Course): Promise<number> {
  const main = await step.main();
  assertHandedOn(main);
  const post = await step.post(DEBUG);
  assertDiscreet(post, scene);
  assertTime(post, POST_SECONDS, secondMs);
  if (expected.outcome === 'unknown') assertWarned(post);
  else assertQuiet(post);
  assert.equal(liveTokens(scene).length, expected.isTokenDead ? 0 : 1);
  return 2;
}

async function judgeRevocationByMain(course: Course): Promise<number> {
  const { scene, step, expected, secondMs } = course;
  const main = await step.main();
  course.revocationsByMain = scene.simulator.requests().filter(isOf(course.cell.request)).length;
  assertDiscreet(main, scene);
  assertFailed(main, /organization_members/);
  assertTime(main, MAIN_SECONDS + REVOCATION_SECONDS, secondMs);
  assert.deepEqual([...main.outputs], [], 'no output on failure');
  // Of a token that was minted a moment ago, only ICR's word that it was revoked counts.
  const isLeft = expected.outcome !== 'revoked';
  assert.equal(main.state.get('token') !== '', isLeft, 'the state holds the token if it may be alive');

  scene.simulator.clearFaults();
  const before = scene.simulator.requests().length;
  const post = await step.post(DEBUG);
  assertDiscreet(post, scene);
  assertQuiet(post);
  if (!isLeft) assert.equal(scene.simulator.requests().length, before, 'post has nothing to do');
  assert.equal(liveTokens(scene).length, isLeft || expected.isTokenDead ? 0 : 1);
  return 2;
}

function sentByPost({ scene, cell, revocationsByMain = 0 }: Course): number {
  return scene.simulator.requests().filter(isOf(cell.request)).length - revocationsByMain;
}

function assertHandedOn(main: Result): void {
  assert.equal(main.exitCode, 0, main.stdout + main.stderr);
  assert.equal(main.errors.length + main.warnings.length, 0, main.stdout);
  assert.ok((main.outputs.get('token') ?? '') !== '', 'the token is handed on');
  assert.equal(main.outputs.get('token'), main.state.get('token'));
}

function assertQuiet(post: Result): void {
  assert.equal(post.exitCode, 0, post.stdout + post.stderr);
  assert.equal(post.errors.length + post.warnings.length, 0, post.stdout);
}

function assertWarned(post: Result): void {
  assert.equal(post.exitCode, 0, post.stdout + post.stderr);
  assert.equal(post.errors.length, 0, post.stdout);
  assert.equal(post.warnings.length, 1, post.stdout);
  assert.match(post.warnings[0] ?? '', /\d{4}-\d\d-\d\dT[\d:.]+Z/, 'the warning says until when the token lives');
}

/** No secret in clear, whole or in part, and no command but our own. */
function assertDiscreet(result: Result, scene: Scene): void {
  assertNoSecrets(result, scene.simulator, secretParts(scene));
  assert.equal(result.stderr, '');
  assert.doesNotMatch(result.stdout, /##\[/);
  assert.doesNotMatch(result.stdout, /^\s+at .*:\d+/m, 'no stack trace');
  for (const line of result.stdout.split('\n').filter((line) => line.startsWith('::')))
    assert.match(line, /^::(?:add-mask|debug|(?:error|warning) title=[^:]+)::/);
}

/** Of every token and JWT the parts that are as good as the whole. */
function secretParts({ simulator }: Scene): string[] {
  const bearers = simulator.requests().flatMap(({ bearer }) => bearer ?? []);
  const secrets = [...simulator.tokens().map(({ token }) => token), ...bearers.map((it) => it.split('.').at(-1) ?? '')];
  return secrets.flatMap((secret) => [secret.slice(4, 24), secret.slice(-20)]).filter((part) => part !== '');
}

function assertTime({ milliseconds }: Result, seconds: number, secondMs: number): void {
  const most = seconds * secondMs + SLACK_MS;
  assert.ok(milliseconds <= most, `took ${Math.round(milliseconds)} ms, where at most ${most} are due`);
}

/** What was asked for is waited for, and no longer than the policy has it. */
function assertWaits(sent: readonly RequestRecord[], { cell, secondMs }: Course): void {
  const { seen } = cell.fault;
  const asked = seen.as === 'answer' ? (seen.retryAfterSeconds ?? 0) : 0;
  const longest =
    (asked + MAX_BACKOFF_SECONDS + (seen.as === 'timeout' ? attemptSeconds(cell.request.name) : 0)) * secondMs +
    SLACK_MS;
  for (const [index, { at }] of sent.entries()) {
    const next = sent[index + 1];
    if (next === undefined) break;
    // A timer may be early by a millisecond, and so may each of two clocks that are rounded.
    assert.ok(next.at - at >= asked * secondMs - 4, `came back after ${next.at - at} ms, ${asked} s were asked for`);
    assert.ok(next.at - at <= longest, `came back after ${next.at - at} ms, at most ${longest} are due`);
  }
  const whole = (sent.at(-1)?.at ?? 0) - (sent[0]?.at ?? 0);
  assert.ok(whole <= budgetSeconds(cell.request.name) * secondMs + SLACK_MS, `the attempts took ${whole} ms`);
}

/** Tokens whose answer reached the client whole; of others it cannot know. */
function tokensGiven({ simulator }: Scene): IssuedToken[] {
  const requests = simulator.requests();
  return simulator.tokens().filter(({ mintedBy }) => {
    const fault = requests.find(({ number }) => number === mintedBy)?.fault;
    return fault === undefined || fault === 'content-type';
  });
}

function liveTokens(scene: Scene): IssuedToken[] {
  return tokensGiven(scene).filter(({ state }) => state === 'live');
}
