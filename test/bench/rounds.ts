/** Runs the rounds of a benchmark: every contestant once in each, each round beginning with another one. */
import type { Contestant } from './contestants.ts';
import type { Counts, Server } from './remote.ts';
import { type Phase, runStepProcess, type Usage } from './step-process.ts';

export interface Round {
  main: Usage;
  post: Usage;
  asked: Pick<Counts, 'requests' | 'connections'>;
}

/** The rounds of each contestant, in their order, without a first one that only warms caches. */
export async function runRounds(
  contestants: readonly Contestant[],
  server: Server,
  rounds: number,
): Promise<Round[][]> {
  const results: Round[][] = contestants.map(() => []);
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < contestants.length; turn += 1) {
      const index = (round + turn) % contestants.length;
      const contestant = contestants[index];
      if (contestant === undefined) continue;
      const result = await runOnce(contestant, server);
      if (round > 0) results[index]?.push(result);
    }
  }
  return results;
}

async function runOnce(contestant: Contestant, server: Server): Promise<Round> {
  const before = await server.tell();
  const usages = await runStep(contestant, server);
  const after = await server.tell();
  if (after.liveTokens > 0) throw new Error(`${contestant.name} left a token alive`);
  return {
    ...usages,
    asked: { requests: after.requests - before.requests, connections: after.connections - before.connections },
  };
}

/** Runs main, then post with the state that main saved. */
export async function runStep({ name, files, inputs }: Contestant, { env }: Server): Promise<Record<Phase, Usage>> {
  const state = new Map<string, string>();
  const run = async (phase: Phase): Promise<Usage> => {
    const result = await runStepProcess(files[phase], { ...stepEnvironment(inputs, state), ...env });
    if (result.exitCode !== 0) throw new Error(`${name}: ${phase} ended with ${result.exitCode}\n${result.output}`);
    for (const [key, value] of result.state) state.set(key, value);
    return result.usage;
  };
  const main = await run('main');
  return { main, post: await run('post') };
}

function stepEnvironment(
  inputs: Readonly<Record<string, string>>,
  state: ReadonlyMap<string, string>,
): Record<string, string> {
  return {
    GITHUB_REPOSITORY: 'octo-org/octo-repo',
    GITHUB_REPOSITORY_OWNER: 'octo-org',
    ...Object.fromEntries(Object.entries(inputs).map(([name, text]) => [`INPUT_${name.toUpperCase()}`, text])),
    ...Object.fromEntries([...state].map(([name, text]) => [`STATE_${name}`, text])),
  };
}
