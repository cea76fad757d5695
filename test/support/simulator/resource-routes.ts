/** Answers the few resource endpoints that show what a token can do. docs: endpoints, v0.5. */
import type { JsonObject } from './json.ts';
import { type Organization, organizationJson } from './organization.ts';
import { cut, paginationJson, readPaging } from './paging.ts';
import { ApiError, jsonReply, type Reply } from './reply.ts';
import type { Call, Route } from './router.ts';
import { callingToken, type ServerState } from './server-state.ts';

export function resourceRoutes(server: ServerState): readonly Route[] {
  return [
    { method: 'GET', path: '/projects', handle: (call) => projects(server, call) },
    {
      method: 'GET',
      path: '/organizations/:id',
      handle: (call) => jsonReply(200, organizationJson(opened(server, call, 'organization_info'))),
    },
    {
      method: 'GET',
      path: '/organizations/:id/warehouse/inventory',
      handle: (call) => jsonReply(200, warehouseJson(opened(server, call, 'organization_warehouse'))),
    },
  ];
}

/** docs: Projects (v0.5). Any live access token can read them, an app's too. */
function projects(server: ServerState, call: Call): Reply {
  callingToken(server, call.bearer);
  const paging = readPaging(call.query, server.settings);
  const pagination = paginationJson(PROJECTS.length, paging, server.settings.paginationBase);
  return jsonReply(200, { pagination, projects: cut(PROJECTS, paging).map(projectJson) });
}

/** Any level of the permission includes reading. An app token has no organization. */
function opened(server: ServerState, call: Call, permission: string): Organization {
  const token = callingToken(server, call.bearer);
  const organization = token.installation?.organization;
  // NestJS' words when a guard refuses.
  if (organization?.id !== call.id) throw new ApiError(403, 'Forbidden resource');
  if (token.permissions[permission] === undefined) throw new ApiError(403, 'Forbidden resource');
  return organization;
}

const PROJECTS = [
  { id: '3f6f5c0e-53b5-4a1c-8c5e-0d3d1d1f7a01', num: 1, fullName: 'Afforestation at Álfabrekka' },
  { id: '3f6f5c0e-53b5-4a1c-8c5e-0d3d1d1f7a02', num: 2, fullName: 'Wetland restoration at Ytri-Hagi' },
  { id: '3f6f5c0e-53b5-4a1c-8c5e-0d3d1d1f7a03', num: 3, fullName: 'Mineral storage in Hellisheiði basalt' },
] as const;

type Project = (typeof PROJECTS)[number];

function projectJson(project: Project): JsonObject {
  const { id, num, fullName } = project;
  return { id, num, fullName, status: 'validated', registry: 'ICR', countryCode: 'IS' };
}

function warehouseJson(organization: Organization): JsonObject {
  const credit: JsonObject = {
    id: '9a0b7c52-1f6a-4a55-9c0f-6d8a3f0e2b01',
    inventoryId: '9a0b7c52-1f6a-4a55-9c0f-6d8a3f0e2b02',
    organizationId: organization.id,
    serialization: 'ICR-ISL-1-2023-0',
    amount: 1200,
    type: 'exPost',
    project: projectJson(PROJECTS[0]),
  };
  return { organizationId: organization.id, credits: [credit] };
}
