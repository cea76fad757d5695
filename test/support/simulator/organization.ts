/** Describes an organization, and writes it as ICR's JSON. */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from './json.ts';

export interface OrganizationInput {
  readonly id?: string;
  readonly fullName?: string;
  readonly type?: string;
  readonly countryCode?: string;
  readonly city?: string;
  readonly website?: string;
  readonly industry?: { readonly code: string; readonly name: string };
}

export interface Organization extends Required<OrganizationInput> {
  readonly createdAt: string;
}

export function organization(input: OrganizationInput, createdAt: string): Organization {
  const fullName = input.fullName ?? 'Kolefni ehf.';
  return {
    id: input.id ?? randomUUID(),
    fullName,
    type: input.type ?? 'projectDeveloper',
    countryCode: input.countryCode ?? 'IS',
    city: input.city ?? 'Reykjavík',
    website: input.website ?? 'https://example.is',
    industry: input.industry ?? { code: 'A02', name: 'Forestry and logging' },
    createdAt,
  };
}

/** docs: Organizations (v0.5). `url` begins with `undefined` for the reason given at `installationJson`. */
export function organizationJson(it: Organization): JsonObject {
  return {
    id: it.id,
    createdAt: it.createdAt,
    updatedAt: it.createdAt,
    fullName: it.fullName,
    type: it.type,
    countryCode: it.countryCode,
    city: it.city,
    zip: '101',
    physicalAddress: 'Laugavegur 1',
    registrationNumber: '5501234560',
    website: it.website,
    logo: null,
    isPublic: true,
    organizationIndustries: it.industry,
    url: `undefined/organizations/${it.id}`,
  };
}
