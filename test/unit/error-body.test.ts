/** What an answer says by itself: whether it is ICR's, whether its route exists, and its words for an error. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type HttpResponse, isHtml, isSuccess } from '../../src/http/transport.ts';
import { describeResponse, isFromIcr, readWords } from '../../src/icr/error-body.ts';
import { isMissingRoute } from '../../src/icr/error-status.ts';
import { answer, html, refusal } from '../support/answer.ts';

test('a status of 200 to 299 is a success, and no other', () => {
  assert.deepEqual(
    [199, 200, 204, 299, 300, 404].map((status) => isSuccess(answer(status))),
    [false, true, true, true, false, false],
  );
});

describe('a page of HTML', () => {
  const text = (body: string, contentType = 'text/plain') => answer(200, body, { contentType });
  const cases: [what: string, response: HttpResponse, isPage: boolean][] = [
    ['by its doctype', text('\n <!DOCTYPE html>'), true],
    ['by its first element', text('<html lang="en">'), true],
    ['of nginx', text('<center>404</center>'), true],
    ['no: words that Express sends as HTML', text('Access token invalid', 'text/html; charset=utf-8'), false],
    ['no: JSON', answer(200, {}), false],
    ['no: a text', text('<htmlish> and <b>bold</b>'), false],
  ];
  for (const [what, response, isPage] of cases) test(what, () => assert.equal(isHtml(response), isPage));
});

describe('an error is in ICR’s own form', () => {
  const cases: [what: string, response: HttpResponse, isIcr: boolean][] = [
    ['with `message` and the status as `statusCode`', refusal(401, 'Access token invalid'), true],
    ['with a list of messages', refusal(403, ['a', 'b']), true],
    ['but not without `statusCode`', answer(403, { message: 'Missing Authentication Token' }), false],
    ['but not with another `statusCode`', answer(404, { statusCode: 403, message: 'no' }), false],
    ['but not with the status as a string', answer(401, { statusCode: '401', message: 'no' }), false],
    ['but not without `message`', answer(401, { statusCode: 401 }), false],
    ['but not if there is no such route', refusal(404, 'Cannot DELETE /app/installations/token'), false],
    ['but not as a list', answer(401, [{ statusCode: 401, message: 'no' }]), false],
    ['but not as text', answer(401, 'Access token invalid'), false],
    ['but not as a page', html(401), false],
    ['but not as nothing', answer(401), false],
  ];
  for (const [what, response, isIcr] of cases) test(what, () => assert.equal(isFromIcr(response), isIcr));
});

describe('a route is missing', () => {
  const cases: [what: string, response: HttpResponse, isMissing: boolean][] = [
    ['if ICR says so', refusal(404, 'Cannot GET /app/installations'), true],
    ['if a POST has none', refusal(404, 'Cannot POST /app/accessTokens'), true],
    ['if a 404 is no JSON', html(404), true],
    ['if a 404 is empty', answer(404), true],
    ['if it is gone', refusal(410, 'Gone'), true],
    ['but not if an id is not known', refusal(404, 'Installation not found'), false],
    ['but not with another status', answer(400, 'Cannot GET /x'), false],
  ];
  for (const [what, response, isMissing] of cases) test(what, () => assert.equal(isMissingRoute(response), isMissing));
});

describe('ICR’s words are read', () => {
  const error = (body: unknown) => answer(422, body);
  const cases: [form: string, response: HttpResponse, words: string | undefined][] = [
    ['of `message`', refusal(422, 'no'), 'no'],
    ['of a list of messages', refusal(422, ['a', 'b']), 'a; b'],
    ['of `message` before the rest', error({ error: 'Bad Request', title: 'T', message: 'no' }), 'no'],
    ['of `error.message`', error({ error: { message: 'no' } }), 'no'],
    ['of `error`', error({ error: 'no' }), 'no'],
    ['of `errors[].message`', error({ errors: [{ message: 'a' }, { code: 7 }, { message: 'b' }] }), 'a; b'],
    ['of `errors` as strings', error({ errors: ['a', 'b'] }), 'a; b'],
    ['of `detail`', error({ title: 'T', detail: 'no' }), 'no'],
    ['of `title`', error({ title: 'T' }), 'T'],
    ['of the next if one is blank', error({ message: ' ', detail: 'no' }), 'no'],
    ['of a JSON string', error('"no"'), 'no'],
    ['of a short text', error(' Access token invalid\n'), 'Access token invalid'],
    ['of a text of 200 characters', error(`${'x y '.repeat(49)}last`), `${'x y '.repeat(49)}last`],
    ['but not of a longer text', error(`${'x y '.repeat(49)}last!`), undefined],
    ['but not of a page', html(403), undefined],
    ['but not of JSON that was cut short', error('{"message":"no","token":"a-tok'), undefined],
    ['but not of nothing', error(''), undefined],
    ['but not of numbers', error({ message: 7, error: null, errors: {} }), undefined],
  ];
  for (const [form, response, words] of cases) test(form, () => assert.equal(readWords(response), words));
});

describe('an answer is described', () => {
  const to = 'to POST /app/installations/i-1/accessTokens on api.example.com';
  const cases: [what: string, response: HttpResponse, who: string | undefined, text: string][] = [
    ['with ICR’s words', refusal(404, 'no such id'), undefined, `ICR answered 404 (“no such id”) ${to}`],
    ['without words', answer(503), undefined, `ICR answered 503 ${to}`],
    ['of another server', refusal(403, 'no'), 'A server', `A server answered 403 (“no”) ${to}`],
    ['as a page', html(502), undefined, `The answer ${to} was 502 with a page of HTML`],
    [
      'as a success without its words, which may be of a token',
      refusal(200, 'a secret'),
      undefined,
      `ICR answered 200 ${to}`,
    ],
  ];
  for (const [what, response, who, text] of cases) {
    test(what, () => assert.equal(describeResponse(response, who), text));
  }
});
