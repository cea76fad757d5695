/** Owns the talk with the process that answers a benchmark's requests. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Registry {
  installations: number;
  /** Whether an organization's installation can be asked for; otherwise the list is all there is. */
  hasOrganizationRoute: boolean;
  /** A folder for a private authority's files: the server then speaks TLS. */
  certificatesIn?: string;
}

export interface Wish {
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
  /** What a client needs to trust the server, where it speaks TLS. */
  env: Readonly<Record<string, string>>;
}

export interface Server extends Address, Disposable {
  /** Fulfils the wish and tells what was asked of the server so far. */
  tell(wish?: Wish): Promise<Counts>;
}

export async function startServer(registry: Registry): Promise<Server> {
  const file = join(import.meta.dirname, 'server.ts');
  const child = fork(file, [JSON.stringify(registry)], { execArgv: [] });
  const address = await answer<Address>(child);
  return {
    ...address,
    tell: (wish = {}) => {
      child.send(wish);
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
