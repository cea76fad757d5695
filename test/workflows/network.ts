/** The network of the workflows: ICR's two hosts behind a private CA, reached by a proxy, with a password or without. */
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { makeAuthority } from '../support/simulator/certificates.ts';
import { startConnectProxy } from '../support/simulator/connect-proxy.ts';

const PASSWORD = 'correct-horse-7';

export interface Network extends AsyncDisposable {
  /**
   * So that a workflow which knows nothing of proxies reaches the simulators: HTTPS_PROXY and the CA's file. In upper case:
   * in lower case, it would win over the HTTPS_PROXY of a workflow.
   */
  env: Readonly<Record<string, string>>;
  /** Of the proxy that asks for a password. */
  companyProxyUrl: string;
  password: string;
  certFile: string;
  /** How many the company's proxy has opened. */
  companyTunnels(): number;
}

/**
 * @param folder exists and is temporary
 * @param ports where each host of ICR really listens, by http
 */
export async function openNetwork(folder: string, ports: Readonly<Record<string, number>>): Promise<Network> {
  const authority = await makeAuthority(folder);
  const targets: Record<string, number> = {};
  const fronts: Server[] = [];
  for (const [host, port] of Object.entries(ports)) {
    const identity = await authority.issue({ hosts: [host] });
    const front = createServer(identity, (client) => {
      const upstream = connect(port, '127.0.0.1');
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
      client.pipe(upstream).pipe(client);
    });
    await new Promise<void>((resolve) => {
      front.listen(0, '127.0.0.1', resolve);
    });
    fronts.push(front);
    targets[`${host}:443`] = (front.address() as AddressInfo).port;
  }
  const open = await startConnectProxy({ targets });
  const company = await startConnectProxy({ auth: { username: 'build', password: PASSWORD }, targets });
  return {
    env: {
      HTTPS_PROXY: open.url,
      STAND_IN_PROXY: open.url,
      NODE_EXTRA_CA_CERTS: authority.certFile,
      CURL_CA_BUNDLE: authority.certFile,
    },
    companyProxyUrl: `http://build:${PASSWORD}@127.0.0.1:${company.port}`,
    password: PASSWORD,
    certFile: authority.certFile,
    companyTunnels: () => company.requests().filter(({ status }) => status === 200).length,
    [Symbol.asyncDispose]: async () => {
      await open.close();
      await company.close();
      for (const front of fronts) front.close();
    },
  };
}
