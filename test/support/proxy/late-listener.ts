/** Listens on loopback so that a connection takes a second to open, as to a host that is far away. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** Passes connections on to the port in its environment; a queue of one is soon full. */
const FORWARDER = `
const { connect, createServer } = require('node:net');
const server = createServer((client) => {
  const upstream = connect(Number(process.env.UPSTREAM), '127.0.0.1');
  client.pipe(upstream).pipe(client);
  client.on('error', () => upstream.destroy());
  upstream.on('error', () => client.destroy());
});
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;
/** Linux sends the first packet of a connection again after a second. */
const AWAKE_AFTER_MS = 400;
const IS_FULL_AFTER_MS = 150;

export interface LateListener extends AsyncDisposable {
  port: number;
  /** Connections that begin from now on are not answered, until `wake` and a second after each began. */
  sleep(): Promise<void>;
  wake(): Promise<void>;
}

/** Only Linux drops the first packet of a connection if the queue of a listener is full. */
export async function startLateListener(upstream: number): Promise<LateListener> {
  const child = spawn(process.execPath, ['-e', FORWARDER], {
    env: { UPSTREAM: String(upstream) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  const port = Number(String(line));
  const fillers: Socket[] = [];
  return {
    port,
    sleep: async () => {
      child.kill('SIGSTOP');
      for (let isOpen = true; isOpen; ) {
        const filler = connect(port, '127.0.0.1').on('error', () => undefined);
        fillers.push(filler);
        isOpen = await Promise.race([once(filler, 'connect').then(() => true), pause(IS_FULL_AFTER_MS, false)]);
      }
    },
    wake: async () => {
      await pause(AWAKE_AFTER_MS);
      child.kill('SIGCONT');
    },
    [Symbol.asyncDispose]: async () => {
      for (const filler of fillers) filler.destroy();
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
