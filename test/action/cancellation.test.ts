/** A step that is cancelled at any moment leaves no token alive that it was given. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Result, WITH_SIGNALS } from '../support/runner.ts';
import { assertNoSecrets, createScene, type Scene } from '../support/scene.ts';
import type { Effect, Settings } from '../support/simulator/simulator.ts';

/** 5 s for the answer to a mint, and what a loaded machine takes on top; the runner itself allows 7.5 s. */
const MOST_SECONDS = 7;
const AT_ONCE = 3;
/** For one moment, with each combination of signals at the same time. */
const LIMIT_MS = 60_000;

interface Moment {
  name: string;
  inputs?(scene: Scene): Record<string, string>;
  settings?: Partial<Settings>;
  fault?: { method: string; path: string; effect: Effect; times?: number };
  /** When the signal is sent: so long after the process was spawned, or as soon as this holds. */
  when: number | ((scene: Scene, stdout: string) => boolean);
  /** On top of that, in milliseconds. */
  after?: number;
  /** Tokens that the server minted and the client was never given whole. */
  unseen?: number;
  /** What the error says of a token, if the step failed. */
  tells: 'nothing' | 'it may be alive unseen' | 'post revokes it' | 'any of it';
  /** `either` if the signal may come after the token was handed on. */
  handsOn?: 'never' | 'either';
  /** True if the process may not listen for signals yet, and so may be ended by one. */
  isEarly?: boolean;
}

const LOOK_UP = { method: 'GET', path: '/app/organizations/*/installation' };
const LIST = { method: 'GET', path: '/app/installations' };
const READ = { method: 'GET', path: '/app/installations/*' };
const MINT = { method: 'POST', path: '/app/**' };
const REVOKE = { method: 'DELETE', path: '/app/installations/token' };

const waitFiveSeconds: Effect = { kind: 'answer', status: 429, headers: { 'Retry-After': '5' } };
const byOrganization = ({ nordic }: Scene) => ({ 'organization-id': nordic.organization.id });
const thatFailsItsCheck = ({ nordic }: Scene) => ({
  'installation-id': nordic.id,
  'required-permissions': 'organization_members: read',
});

const MOMENTS: readonly Moment[] = [
  ...[0, 40, 80, 120].map(
    (when): Moment => ({
      name: `${when} ms after the start`,
      when,
      tells: 'any of it',
      handsOn: 'either',
      isEarly: true,
    }),
  ),
  {
    name: 'look-up under way',
    tells: 'nothing',
    inputs: byOrganization,
    fault: { ...LOOK_UP, effect: { kind: 'hang' } },
    when: sent(1),
  },
  {
    name: 'look-up under way, half of its body there',
    tells: 'nothing',
    inputs: byOrganization,
    fault: { ...LOOK_UP, effect: { kind: 'hang-body' } },
    when: sent(1),
    after: 100,
  },
  {
    name: 'list under way',
    tells: 'nothing',
    inputs: byOrganization,
    settings: { organizationInstallationRoute: false },
    fault: { ...LIST, effect: { kind: 'hang' } },
    when: sent(2),
  },
  {
    name: 'installation under way',
    tells: 'nothing',
    inputs: ({ nordic }) => ({ 'organization-id': nordic.organization.id, 'installation-id': nordic.id }),
    fault: { ...READ, effect: { kind: 'hang' } },
    when: sent(1),
  },
  {
    name: 'wait between two attempts at the look-up',
    tells: 'nothing',
    inputs: byOrganization,
    fault: { ...LOOK_UP, effect: waitFiveSeconds },
    when: says('trying again'),
    after: 100,
  },
  {
    name: 'wait between two attempts at the mint',
    tells: 'nothing',
    fault: { ...MINT, effect: waitFiveSeconds },
    when: says('trying'),
  },
  { name: 'mint under way, answered at once', tells: 'post revokes it', when: sent(1), handsOn: 'either' },
  {
    name: 'mint under way, answered after 0.5 s',
    tells: 'post revokes it',
    settings: { latencyMs: 500 },
    when: sent(1),
  },
  {
    name: 'mint under way, answered after 0.5 s, to outlive the job',
    tells: 'post revokes it',
    inputs: ({ nordic }) => ({ 'installation-id': nordic.id, 'skip-token-revoke': 'true' }),
    settings: { latencyMs: 500 },
    when: sent(1),
  },
  {
    name: 'mint under way, answered after 4 s',
    tells: 'post revokes it',
    settings: { latencyMs: 4000 },
    when: sent(1),
  },
  {
    name: 'mint under way, never answered',
    tells: 'it may be alive unseen',
    fault: { ...MINT, effect: { kind: 'hang' } },
    when: sent(1),
  },
  {
    name: 'mint under way, its body stuck half way',
    tells: 'it may be alive unseen',
    fault: { ...MINT, effect: { kind: 'hang-body' } },
    when: sent(1),
    after: 100,
    unseen: 1,
  },
  {
    name: 'mint under way, its body still coming',
    tells: 'post revokes it',
    fault: { ...MINT, effect: { kind: 'drip', everyMs: 2 } },
    when: sent(1),
    after: 100,
  },
  {
    name: 'mint under way, refused after the signal',
    tells: 'nothing',
    settings: { latencyMs: 300, rateLimit: { perSecond: 0, retryAfterSeconds: 1, retryAfterAs: 'seconds' } },
    when: sent(1),
  },
  {
    name: 'app token under way',
    tells: 'post revokes it',
    inputs: () => ({ 'token-type': 'app' }),
    settings: { latencyMs: 500 },
    when: sent(1),
  },
  {
    name: 'between the mint and the outputs',
    tells: 'post revokes it',
    when: says('::add-mask::crs_'),
    handsOn: 'either',
  },
  {
    name: 'failed check, revocation never answered',
    tells: 'any of it',
    inputs: thatFailsItsCheck,
    fault: { ...REVOKE, effect: { kind: 'hang' }, times: 1 },
    when: sent(2),
  },
  {
    name: 'failed check, revocation answered after 1 s',
    tells: 'any of it',
    inputs: thatFailsItsCheck,
    fault: { ...REVOKE, effect: { kind: 'drip', everyMs: 250 }, times: 1 },
    when: sent(2),
    after: 50,
  },
  {
    name: 'failed check, wait between two attempts at the revocation',
    tells: 'any of it',
    inputs: thatFailsItsCheck,
    fault: { ...REVOKE, effect: waitFiveSeconds, times: 1 },
    when: says('trying again'),
    after: 100,
  },
];

/** The runner sends the second if the first does not end the step. */
const SIGNALS: readonly (readonly NodeJS.Signals[])[] = [['SIGINT'], ['SIGTERM'], ['SIGINT', 'SIGTERM']];

/** On Windows Node ends a process instead of sending it a signal; Ctrl+C reaches all processes of a console. */
const options = { concurrency: AT_ONCE, timeout: 10 * LIMIT_MS, ...WITH_SIGNALS };

describe('cancelled, main leaves no token alive that it was given, and post works', options, () => {
  for (const moment of MOMENTS) {
    test(moment.name, { timeout: LIMIT_MS }, async (t) => {
      const ends = await Promise.all(
        SIGNALS.map(async (signals) => `${signals.join(' and ')}: ${await cancel(moment, signals)}`),
      );
      for (const end of ends) t.diagnostic(end);
    });
  }
});

/** @returns what came of it, in words */
async function cancel(moment: Moment, signals: readonly NodeJS.Signals[]): Promise<string> {
  const { inputs = ({ nordic }: Scene) => ({ 'installation-id': nordic.id }), settings = {}, fault } = moment;
  await using scene = await createScene({ settings });
  if (fault !== undefined) scene.simulator.fault(fault);
  const step = await scene.step(inputs(scene));
  let sentAt: number | undefined;
  const main = await step.main((child) => {
    hasCome(moment, scene, child).then(async (isThere) => {
      if (!isThere) return;
      sentAt = performance.now();
      for (const signal of signals) {
        child.kill(signal);
        await sleep(50);
      }
    });
  });
  assert.ok(sentAt !== undefined || moment.isEarly, `the moment never came: ${main.log.join('; ')}`);
  const seconds = sentAt === undefined ? 0 : (performance.now() - sentAt) / 1000;
  assert.ok(seconds < MOST_SECONDS, `${seconds.toFixed(1)} s from the signal to the exit`);
  assertNoSecrets(main, scene.simulator);
  assertEnded(main, moment);

  scene.simulator.clearFaults();
  Object.assign(scene.simulator.settings, { latencyMs: 0, rateLimit: undefined });
  const post = await step.post();
  assertNoSecrets(post, scene.simulator);
  assert.equal(post.exitCode, 0, post.stdout + post.stderr);
  assert.equal(post.errors.length + post.warnings.length, 0, post.stdout);
  assert.equal(scene.liveTokens(), moment.unseen ?? 0, `tokens alive after: ${[...main.log, ...post.log].join('; ')}`);
  const end = main.signal === null ? `exit code ${main.exitCode}` : `ended by ${main.signal}`;
  const tokens = scene.simulator.tokens().length;
  const fate = tokens === 0 ? 'nothing minted' : `${tokens} minted, ${scene.liveTokens()} alive`;
  return `${end} after ${seconds.toFixed(1)} s; ${main.outputs.has('token') ? 'handed on; ' : ''}${fate}`;
}

const TOLD: Record<Moment['tells'], RegExp> = {
  nothing: /^The step was cancelled \(SIG[A-Z]+\)\.$/,
  'it may be alive unseen':
    /^The step was cancelled \(SIG[A-Z]+\)\. ICR may have minted a token that nobody has seen: it would be valid until 20[\dT:.-]+Z\. This moved no credits\.$/,
  'post revokes it': /^The step was cancelled \(SIG[A-Z]+\)\. The post step revokes the token\.$/,
  'any of it': /^/,
};

function assertEnded(main: Result, { tells, handsOn = 'never', isEarly = false }: Moment): void {
  const told = `${main.stdout}${main.stderr}`;
  if (main.outputs.has('token')) {
    assert.equal(handsOn, 'either', told);
    return;
  }
  if (isEarly && main.signal !== null) {
    assert.equal(main.state.get('token') ?? '', '');
    return;
  }
  assert.equal(main.exitCode, 1, told);
  assert.equal(main.errors.length, 1, told);
  assert.match(main.errors[0] ?? '', TOLD[tells]);
  assert.equal(main.stderr, '');
}

/** Waits for the moment. False if the process ended before it. */
async function hasCome({ when, after = 0 }: Moment, scene: Scene, child: ChildProcess): Promise<boolean> {
  let stdout = '';
  child.stdout?.on('data', (text: string) => {
    stdout += text;
  });
  const isThere = typeof when === 'number' ? () => true : when;
  await sleep(typeof when === 'number' ? when : 0);
  while (!isThere(scene, stdout)) {
    if (child.exitCode !== null || child.signalCode !== null) return false;
    await sleep(1);
  }
  await sleep(after);
  return true;
}

function sent(count: number): (scene: Scene) => boolean {
  return ({ simulator }) => simulator.requests().length >= count;
}

function says(text: string): (scene: Scene, stdout: string) => boolean {
  return (_, stdout) => stdout.includes(text);
}
