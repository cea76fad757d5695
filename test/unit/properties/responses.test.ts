/** The API's answers: whole, spoiled, huge, and nothing like one. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isHtml } from '../../../src/http/transport.ts';
import { isFromIcr, readWords } from '../../../src/icr/error-body.ts';
import { isMissingRoute } from '../../../src/icr/error-status.ts';
import { parseInstallation } from '../../../src/icr/installation.ts';
import { parseInstallationPage } from '../../../src/icr/installation-list.ts';
import { ShapeError } from '../../../src/icr/json.ts';
import { parseAccessToken } from '../../../src/icr/minted-token.ts';
import { answer } from '../../support/answer.ts';
import { assertHarmless, captured, outsideText, property } from '../../support/properties.ts';

const permissionName = fc.stringMatching(/^[a-zA-Z_][\w.-]{0,20}$/);
const MARK = 'SECRET-IN-THE-BODY';
const id = fc.oneof(fc.uuid(), fc.constant('67890'));
const grantBody = fc.record({
  id,
  token: fc.constant(MARK),
  expiresAt: fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
    .map((it) => it.toISOString()),
  isActive: fc.boolean(),
  permissions: fc.dictionary(permissionName, fc.constantFrom('VIEW', 'REQUEST', 'WRITE')),
  installationId: id,
  organizationId: id,
});
const installationBody = fc.record(
  { id, organization: fc.record({ id, fullName: fc.string() }), permissions: fc.anything() },
  { requiredKeys: ['id'] },
);
const pageBody = fc.record(
  { installations: fc.array(installationBody, { maxLength: 4 }), pagination: fc.record({ total: fc.nat() }) },
  { requiredKeys: ['installations'] },
);
/** A value that does not belong there; every text in it is marked. */
const wrong = fc.oneof(
  fc.constantFrom(null, true, 0, -1, 2 ** 60, '', ' ', MARK, `${MARK}\n::error::x`, [], [MARK], {}, { id: MARK }),
  fc.object({ values: [fc.constantFrom(MARK, null, 7)], maxDepth: 2 }),
);
const PATHS = [
  'id',
  'token',
  'expiresAt',
  'isActive',
  'permissions',
  'installationId',
  'organizationId',
  'organization',
  'installations',
  'pagination',
];
const spoiled = fc
  .tuple(fc.oneof(grantBody, installationBody, pageBody), fc.constantFrom(...PATHS), wrong, fc.boolean())
  .map(([body, path, value, isDropped]) => {
    const copy: Record<string, unknown> = { ...body, [path]: value };
    if (isDropped) delete copy[path];
    return JSON.stringify(copy);
  });
const body = fc.oneof(
  spoiled,
  fc.json(),
  fc
    .anything()
    .map((it) =>
      JSON.stringify({ message: it, token: it, installations: [it] }, (_, part) =>
        typeof part === 'bigint' ? 1 : part,
      ),
    ),
  outsideText,
);

const PARSERS = { installation: parseInstallation, page: parseInstallationPage, token: parseAccessToken };

property('any answer is parsed, or is a ShapeError that holds nothing of it', 5000, body, (text) => {
  for (const [name, parse] of Object.entries(PARSERS)) {
    const { error, printed } = captured(() => parse(text));
    assert.equal(printed, '', name);
    if (error === undefined) continue;
    assert.ok(error instanceof ShapeError, `${name}: ${error}`);
    assertHarmless(error.message);
    assert.ok(!error.message.includes(MARK), error.message);
    assert.ok(error.message.length < 200, error.message);
  }
  assertHarmless(readWords(answer(422, text)) ?? '');
  for (const read of [isFromIcr, isHtml, isMissingRoute]) assert.equal(typeof read(answer(404, text)), 'boolean');
});

property('an answer as documented is read as what it says', 1500, fc.tuple(grantBody, pageBody), ([grant, page]) => {
  const { id: _, ...documented } = grant;
  const read = parseAccessToken(JSON.stringify(grant));
  assert.deepEqual(
    { ...read, permissions: Object.fromEntries(read.permissions ?? []) },
    { ...documented, permissions: { ...grant.permissions } },
  );
  const list = parseInstallationPage(JSON.stringify(page));
  assert.deepEqual(
    list.installations.map((it) => [it.id, it.organization?.id, it.organization?.name]),
    page.installations.map((it) => [it.id, it.organization?.id, it.organization?.fullName]),
  );
  assert.equal(list.total, page.pagination?.total);
});

property(
  'an answer of a megabyte takes no time, nested as deep as it may be',
  12,
  fc.constantFrom('[', '{"a":', '{"message":[', '{"installations":[', '"eyJ', ' ', '\\u0000', '0'),
  (fragment) => {
    const text = fragment.repeat(Math.floor(1_000_000 / fragment.length));
    for (const parse of Object.values(PARSERS)) assert.ok(captured(() => parse(text)).error instanceof ShapeError);
    readWords(answer(422, text));
    assertHarmless(readWords(answer(422, { message: text })) ?? '');
  },
);
