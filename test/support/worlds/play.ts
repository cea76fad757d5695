/** Plays one world, main and post, and checks what must be true in every world. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { assertFailed, assertSucceeded, type Result } from '../runner.ts';
import { APP_ID, assertNoSecrets, createScene, KEYS, type Scene } from '../scene.ts';
import type { Installation, Settings, Simulator } from '../simulator/simulator.ts';

export interface World {
  name: string;
  settings?: Partial<Settings>;
  basePath?: string;
  /** True: `api-url` is without the base path. */
  isBasePathUnknown?: boolean;
  /** How many organizations have installed the app. Default: 2. */
  installations?: number;
  /** Which of them the step asks for, from 0. Default: 0. */
  target?: number;
  /** What the step asks with. `stranger` is the id of an organization that has not installed the app. Default: organization. */
  ask?: 'organization' | 'stranger' | 'nothing' | 'installation' | 'both' | 'app';
  inputs?: Readonly<Record<string, string>>;
  isKeyWrong?: boolean;
  prepare?: (scene: Scene, surroundings: Surroundings) => void;
  /** Between main and post. */
  between?: (scene: Scene) => Promise<unknown>;
}

export interface Surroundings {
  /** Undefined: the built action. */
  dist: string | undefined;
  /** How long a second of the action takes here. */
  secondMs: number;
  /** Another host, which must never be sent anything. */
  elsewhere: string;
}

/** What happened, for the expectations of a world and for the table. */
export interface Course {
  world: World;
  main: Result;
  post: Result;
  minted: number;
  /** After post. */
  alive: number;
  /** `METHOD /path` of each request, of main and post. */
  asked: { main: readonly string[]; post: readonly string[] };
  /** Whose token was asked for; undefined if it was nobody's. */
  target: Installation | undefined;
  list: ShownList;
  /** What is wrong in any world, in words. */
  wrongs: readonly string[];
}

/** What the list shows in the first of the three forms that the server takes. */
interface ShownList {
  hasTarget: boolean;
  isWhole: boolean;
}

const WRONG_KEY = generateKeyPairSync('rsa', { modulusLength: 2048 });

export async function openElsewhere() {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests, close: () => server.close() };
}

export async function play(world: World, surroundings: Surroundings): Promise<Course> {
  const { settings = {}, basePath = '', installations: count = 2, ask = 'organization' } = world;
  await using scene = await createScene({ settings, basePath });
  const { simulator } = scene;
  const installations = [scene.nordic, scene.baltic];
  for (const unwanted of installations.splice(count)) unwanted.state = 'uninstalled';
  while (installations.length < count) {
    const organization = { fullName: `Organization ${installations.length}` };
    installations.push(simulator.addInstallation({ appId: scene.nordic.appId, organization }));
  }
  world.prepare?.(scene, surroundings);
  const target = ask === 'stranger' || ask === 'app' ? undefined : installations[world.target ?? 0];
  const { dist } = surroundings;
  const step = await scene.step(inputsOf(world, ask, target, simulator.port), dist === undefined ? {} : { dist });

  const main = await step.main();
  const askedByMain = scene.asked();
  const aliveAfterMain = scene.liveTokens();
  await world.between?.(scene);
  const before = simulator.requests().length;
  const post = await step.post();
  const asked = { main: askedByMain, post: scene.asked().slice(before) };
  const [minted, alive] = [simulator.tokens().length, scene.liveTokens()];
  const list = await readList(scene, installations, target);
  const wrongs = await wrongsOf({ world, scene, installations, list, ask, target, main, post, aliveAfterMain });
  return { world, main, post, minted, alive, asked, target, list, wrongs };
}

function inputsOf(
  world: World,
  ask: World['ask'],
  target: Installation | undefined,
  port: number,
): Record<string, string> {
  const ids = {
    ...((ask === 'organization' || ask === 'both') && { 'organization-id': target?.organization.id ?? '' }),
    ...((ask === 'installation' || ask === 'both') && { 'installation-id': target?.id ?? '' }),
    ...(ask === 'stranger' && { 'organization-id': '3c1f0a52-7f0e-4d0a-9d55-000000000000' }),
    ...(ask === 'app' && { 'token-type': 'app' }),
  };
  const key = world.isKeyWrong && {
    'private-key': WRONG_KEY.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
  };
  const url = world.isBasePathUnknown === true && { 'api-url': `http://127.0.0.1:${port}` };
  return { ...ids, ...key, ...url, ...world.inputs };
}

interface Ended {
  world: World;
  scene: Scene;
  /** All that the app has, the target among them. */
  installations: readonly Installation[];
  list: ShownList;
  ask: World['ask'];
  target: Installation | undefined;
  main: Result;
  post: Result;
  aliveAfterMain: number;
}

async function wrongsOf(ended: Ended): Promise<string[]> {
  const wrongs: string[] = [];
  const must = (isRight: boolean, wrong: string) => {
    if (!isRight) wrongs.push(wrong);
  };
  checkOutcome(ended, must);
  checkClaimsOfTokens(ended, must);
  checkOtherClaims(ended, must);
  if (CLAIMS_WHOLE.test(saidBy(ended.main)) && !(await wasReadWhole(ended))) {
    wrongs.push('claims something of a list that was not read whole');
  }
  return wrongs;
}

type Must = (isRight: boolean, wrong: string) => void;

function checkOutcome({ scene, installations, list, ask, target, main, post }: Ended, must: Must): void {
  const holds = (check: () => void) => {
    try {
      check();
    } catch (error) {
      must(false, error instanceof Error ? error.message.slice(0, 300) : String(error));
    }
  };
  holds(() => (main.exitCode === 0 ? assertSucceeded(main) : assertFailed(main, /\.$/)));
  holds(() => assertSucceeded(post));
  for (const result of [main, post]) holds(() => assertNoSecrets(result, scene.simulator));
  must(post.warnings.length <= 1, 'more than one warning');
  const tokens = scene.simulator.tokens();
  const handedOut = main.outputs.get('token');
  const own = tokens.find(({ token }) => token === handedOut);
  must((main.exitCode === 0) === (handedOut !== undefined), 'green and a token do not come together');
  must(handedOut === undefined || own !== undefined, 'the token is none of ICR’s');
  must(ask === 'app' || own === undefined || own.installation === target, 'the token is another organization’s');
  const isOnly = list.isWhole && installations.length === 1;
  must(
    ask !== 'nothing' || tokens.length === 0 || isOnly,
    'minted with no id, of a list that has several or is not whole',
  );
}

/** "May be alive", "is valid until", "could not be revoked". */
const OWNS_UP = /\balive\b|valid until|could not be revoked/;
/** Not "its body does not say that the token was revoked". */
const WAS_REVOKED = /(?<!say that the token )\bwas revoked\b/;

function checkClaimsOfTokens({ scene, main, post, aliveAfterMain }: Ended, must: Must): void {
  const tokens = scene.simulator.tokens();
  const own = tokens.find(({ token }) => token === main.outputs.get('token'));
  const isDead = own === undefined ? tokens.every(({ state }) => state !== 'live') : own.state !== 'live';
  const [byMain, byPost] = [saidBy(main), saidBy(post)];
  must(!WAS_REVOKED.test(byMain) || aliveAfterMain === 0, 'main says “revoked” of a live token');
  must(!/^Revoked/m.test(byPost) || isDead, 'post says “revoked” of a live token');
  must(!/already invalid|expired at/.test(byPost) || isDead, 'post calls a live token dead');
  must(own?.state !== 'live' || post.warnings.length === 1, 'the token is alive and post does not say so');
  const isOpen = main.exitCode === 0 || aliveAfterMain === 0 || OWNS_UP.test(byMain);
  must(isOpen, 'a token is alive and main does not say so');
  must(!/No token was minted/.test(byMain) || tokens.length === 0, 'claims that no token was minted');
  const unseen = tokens.filter((token) => token.state === 'live' && token !== own).length;
  const mayLive = /up to (\d+) tokens|a token that nobody/.exec(byMain);
  must(mayLive === null || unseen <= Number(mayLive[1] ?? 1), `says too few of ${unseen} tokens that nobody has seen`);
}

const CLAIMS_ABSENCE = /(?:not|n’t) (?:been )?installed/;
const CLAIMS_WHOLE =
  /(?:not|n’t) (?:been )?installed|no installation\b|only installation|read to its end|(?<!ICR says that )the app has \d+/i;
const ANSWERED = /\banswered (\d{3})[^.;]*? to (GET|POST|DELETE) (\S+) on /g;

function checkOtherClaims({ world, scene, installations, ask, target, main, post }: Ended, must: Must): void {
  const byMain = saidBy(main);
  const isThere = ask === 'organization' && target?.state === 'active';
  must(!CLAIMS_ABSENCE.test(byMain) || !isThere, 'claims that an organization is absent that is there');
  const count = /(?<!ICR says that )(?:the app has|installed for) (\d+) /.exec(byMain)?.[1];
  must(count === undefined || Number(count) === installations.length, `claims ${count} installations`);
  must(!/key (?:is|are) right/.test(byMain) || world.isKeyWrong !== true, 'claims that the key is right');
  const isClockOff = scene.simulator.settings.clockAheadSeconds !== 0;
  must(!/clock is \d+ s/.test(byMain) || isClockOff, 'blames a clock that is right');
  const requests = scene.simulator.requests();
  for (const [sentence, status, method, path] of `${byMain}\n${saidBy(post)}`.matchAll(ANSWERED)) {
    const isTrue = requests.some((it) => it.method === method && it.path === path && it.status === Number(status));
    must(isTrue, `never happened: ${sentence}`);
  }
}

function saidBy({ log, errors, warnings }: Result): string {
  return [...log, ...errors, ...warnings].join('\n');
}

/** Asks for the list as the action did, and says whether that shows all installations that are there. */
async function wasReadWhole({ scene: { simulator }, installations }: Ended): Promise<boolean> {
  const sent = simulator.requests().filter(({ method, path }) => method === 'GET' && LIST_PATH.test(path));
  const texts = await Promise.all(sent.map(({ path }) => get(simulator, path)));
  return installations.every(({ id }) => texts.some(({ text }) => text.includes(id)));
}

const LIST_PATH = /\/app\/installations(?:\?|$)/;
const PAGES = 5;

/** Reads the list by itself, in the first of the three forms that the server takes. */
async function readList(
  { simulator }: Scene,
  installations: readonly Installation[],
  target: Installation | undefined,
): Promise<ShownList> {
  const { pathname } = new URL(`${simulator.url}/app/installations`);
  const at = (query: string) => get(simulator, pathname + query);
  let texts: string[] = [];
  for (const limit of [100, 10, undefined]) {
    const first = await at(limit === undefined ? '' : `?limit=${limit}&page=0`);
    if (first.status === 400) continue;
    const pages = limit === undefined ? [] : Array.from({ length: PAGES }, (_, index) => index + 1);
    const others = await Promise.all(pages.map((page) => at(`?limit=${limit}&page=${page}`)));
    texts = [first, ...others].filter(({ status }) => status === 200).map(({ text }) => text);
    break;
  }
  const has = ({ id }: Installation) => texts.some((text) => text.includes(id));
  return { hasTarget: target !== undefined && has(target), isWhole: installations.every(has) };
}

async function get(simulator: Simulator, path: string): Promise<{ status: number; text: string }> {
  const headers = {
    authorization: `Bearer ${jwtBy(simulator)}`,
    'x-icr-api-version': '2023-06-16',
    connection: 'close',
  };
  const response = await fetch(`http://127.0.0.1:${simulator.port}${path}`, { headers, redirect: 'manual' });
  return { status: response.status, text: await response.text() };
}

/** By the server's clock, whatever the action made of it. */
function jwtBy({ settings }: Simulator): string {
  const now = Math.floor(Date.now() / 1000) + settings.clockAheadSeconds;
  const parts = [{ alg: 'RS256' }, { alg: 'RS256', iss: APP_ID, iat: now - 60, exp: now + 300 }];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${sign('sha256', Buffer.from(signed), KEYS.privateKey).toString('base64url')}`;
}
