/** Starts the server of a benchmark in a process of its own, and asks it what it saw. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Registry {
  installations: number;
  /** Whether an installation can be looked up by its organization. If not, main must read the list. */
  hasOrganizationRoute: boolean;
  /** A folder for the files of a private certificate authority. With it, the server speaks TLS. */
  certificatesIn?: string;
}

export interface Change {
  latencyMs?: number;
}

export interface Counts {
  requests: number;
  connections: number;
  liveTokens: number;
}

interface Address {
  url: string;
  appId: string;
  privateKey: string;
  /** Of the list's first and last installation. */
  firstOrganizationId: string;
  lastOrganizationId: string;
  /** What a client needs to trust the server if it speaks TLS. */
  env: Readonly<Record<string, string>>;
}

export interface Server extends Address, Disposable {
  /** Changes the server's latency if it is given, and returns what the server has seen so far. */
  tell(change?: Change): Promise<Counts>;
}

export async function startServer(registry: Registry): Promise<Server> {
  const file = join(import.meta.dirname, 'server.ts');
  const child = fork(file, [JSON.stringify(registry)], { execArgv: [] });
  const address = await answer<Address>(child);
  return {
    ...address,
    tell: (change = {}) => {
      child.send(change);
      return answer<Counts>(child);
    },
    [Symbol.dispose]: () => {
      child.kill();
    },
  };
}

async function answer<T>(child: ChildProcess): Promise<T> {
  const [message] = await once(child, 'message');
  return message;
}
