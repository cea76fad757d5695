/** Owns a company's network: a proxy with a password, the only way to ICR, and a private CA that signs what is there. */

import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { createServer } from 'node:tls';
import { makeAuthority } from '../support/simulator/certificates.ts';
import { startConnectProxy } from '../support/simulator/connect-proxy.ts';

const ICR_HOST = 'api.carbonregistry.com';
const PASSWORD = 'correct-horse-7';

export interface CompanyNetwork extends AsyncDisposable {
  proxyUrl: string;
  password: string;
  certFile: string;
  tunnels(): number;
}

/** @param folder exists and is temporary */
export async function openCompanyNetwork(folder: string, simulatorPort: number): Promise<CompanyNetwork> {
  const authority = await makeAuthority(folder);
  const identity = await authority.issue({ hosts: [ICR_HOST] });
  const front = createServer(identity, (client) => {
    const upstream = connect(simulatorPort, '127.0.0.1');
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve) => {
    front.listen(0, '127.0.0.1', resolve);
  });
  const { port } = front.address() as AddressInfo;
  const auth = { username: 'build', password: PASSWORD };
  const proxy = await startConnectProxy({ auth, targets: { [`${ICR_HOST}:443`]: port } });
  return {
    proxyUrl: `http://build:${PASSWORD}@127.0.0.1:${proxy.port}`,
    password: PASSWORD,
    certFile: authority.certFile,
    tunnels: () => proxy.requests().filter(({ status }) => status === 200).length,
    [Symbol.asyncDispose]: async () => {
      await proxy.close();
      front.close();
    },
  };
}
