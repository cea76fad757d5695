/** Asks the simulator in its default world the same questions, with an app of its own. */
import { generateKeyPairSync } from 'node:crypto';
import { startSimulator } from '../support/simulator/simulator.ts';
import { readApp } from './app-jwt.ts';
import type { Row } from './questions.ts';
import { runProbe } from './run.ts';

/** Enough for a second page, however the pages are. */
const INSTALLATIONS = 12;

export async function askReference(cancelled: AbortSignal): Promise<readonly Row[]> {
  const simulator = await startSimulator();
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const appId = '67890';
  simulator.addApp({ id: appId, keys: [privateKey] });
  const installations = Array.from({ length: INSTALLATIONS }, () => simulator.addInstallation({ appId }));
  const organizationId = installations[0]?.organization.id ?? '';
  const app = readApp(appId, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const options = { baseUrl: simulator.url, pauseMs: 0, seconds: 60, cancelled };
  try {
    const { rows } = await runProbe(options, { app, organizationId });
    return rows;
  } finally {
    await simulator.close();
  }
}
