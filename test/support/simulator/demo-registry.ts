/** Registers an app and two organizations, for the demo and for a simulator that is started from a shell. */
import { randomUUID } from 'node:crypto';
import type { AppKey, Installation, Simulator } from './simulator.ts';

export interface DemoRegistry {
  readonly appId: string;
  readonly installations: readonly Installation[];
}

export function fillWithDemo(simulator: Simulator, key: AppKey): DemoRegistry {
  const appId = randomUUID();
  simulator.addApp({ id: appId, appNameId: 'carbon-ledger-sync', keys: [key] });
  const forest = simulator.addInstallation({
    appId,
    organization: {
      fullName: 'Skógarkolefni ehf.',
      city: 'Egilsstaðir',
      website: 'https://skogarkolefni.example',
    },
    permissions: {
      organization_info: 'VIEW',
      organization_inventory: 'REQUEST',
      organization_warehouse: 'WRITE',
    },
  });
  const basalt = simulator.addInstallation({
    appId,
    organization: {
      fullName: 'Basaltbinding hf.',
      city: 'Hveragerði',
      website: 'https://basaltbinding.example',
      industry: { code: 'E39', name: 'Remediation activities' },
    },
    permissions: { organization_info: 'VIEW', organization_warehouse: 'VIEW' },
  });
  return { appId, installations: [forest, basalt] };
}
