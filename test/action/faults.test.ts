/** Runs the fault matrix: every request that the action makes × every fault × once, twice, for ever. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { type Cell, describeCell, type Outcome, runCell } from '../support/faults/cell.ts';
import { faultKinds } from '../support/faults/fault-kinds.ts';
import { REQUEST_KINDS } from '../support/faults/request-kinds.ts';
import { shortenSecond } from '../support/faults/short-second.ts';
import { IS_COVERAGE_RUN } from '../support/runner.ts';

/** Ten times faster than in production; a Retry-After date, which knows whole seconds, is then 10 s. */
const SECOND_MS = IS_COVERAGE_RUN ? 200 : 100;
/** A request that fails for ever waits for most of its time; any other costs the start of two processes. */
const AT_ONCE = IS_COVERAGE_RUN ? { waiting: 6, brief: 0 } : { waiting: 20, brief: 4 };
/** A cell that hangs is red, not the whole run. */
const TIMEOUT_MS = 300_000;
/** Cells that failed and are run again, one at a time. More than a busy machine explains are not. */
const MAX_REPEATED = 12;
/** The source takes so much longer to load than the bundle that a coverage run has the faults of one request only. */
const TIMES = IS_COVERAGE_RUN ? [Number.POSITIVE_INFINITY] : [1, 2, Number.POSITIVE_INFINITY];
const REQUESTS = IS_COVERAGE_RUN ? REQUEST_KINDS.filter(({ name }) => name === 'mint') : REQUEST_KINDS;

const elsewhere = createServer((request, response) => {
  strayRequests.push(`${request.method} ${request.url}`);
  response.end();
});
const strayRequests: string[] = [];
await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
const { port } = elsewhere.address() as AddressInfo;
const short = await shortenSecond(SECOND_MS);
after(async () => {
  elsewhere.close();
  await short[Symbol.asyncDispose]();
});

const faults = faultKinds({ secondMs: SECOND_MS, elsewhere: `http://127.0.0.1:${port}` });
const only = process.env['FAULTS_ONLY'];
const cells = faults
  .flatMap((fault) => REQUESTS.flatMap((request) => TIMES.map((times): Cell => ({ request, fault, times }))))
  .filter((cell) => only === undefined || describeCell(cell).includes(only));

const results = runAll();

for (const request of REQUESTS) {
  test(`${request.name}: every fault, once, twice and for ever`, { timeout: TIMEOUT_MS }, async (t) => {
    const own = (await results).filter(({ cell }) => cell.request === request);
    const failures = own.flatMap(({ cell, error }) => (error === undefined ? [] : [`${describeCell(cell)}: ${error}`]));
    assert.deepEqual(failures, []);
    t.diagnostic(
      `${own.length} cells, ${own.reduce((sum, { outcome }) => sum + (outcome?.attempts ?? 0), 0)} attempts`,
    );
  });
}

test('a redirect is never followed', { timeout: TIMEOUT_MS }, async () => {
  await results;
  assert.deepEqual(strayRequests, []);
});

interface CellResult {
  cell: Cell;
  outcome?: Outcome;
  error?: string;
}

async function runAll(): Promise<CellResult[]> {
  const done: CellResult[] = [];
  const work = async (queue: Cell[]) => {
    for (let cell = queue.shift(); cell !== undefined; cell = queue.shift()) done.push(await judge(cell));
  };
  const waiting = cells.filter(({ times }) => !Number.isFinite(times));
  const brief = cells.filter(({ times }) => Number.isFinite(times));
  await Promise.all([
    ...Array.from({ length: AT_ONCE.waiting }, () => work(waiting)),
    ...Array.from({ length: AT_ONCE.brief }, () => work(brief)),
  ]);
  const failed = done.filter(({ error }) => error !== undefined);
  // A second is a tenth here, which a busy machine does not keep. What fails alone as well is a defect.
  for (const { cell, error } of failed.slice(0, MAX_REPEATED)) {
    console.log(`Run again: ${describeCell(cell)}: ${error}`);
    done[done.findIndex((result) => result.cell === cell)] = await judge(cell);
  }
  return done;
}

async function judge(cell: Cell): Promise<CellResult> {
  try {
    return { cell, outcome: await runCell(cell, { dist: short.dist, secondMs: SECOND_MS }) };
  } catch (error) {
    return { cell, error: error instanceof Error ? error.message : String(error) };
  }
}
