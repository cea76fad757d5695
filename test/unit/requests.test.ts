/** Tests what a request does over real sockets: what is retried, what counts as a response, limits, cancellation. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type Budget, createHttpClient, partOf, startBudget, waitWithin } from '../../src/http/client.ts';
import { RequestError } from '../../src/http/request-error.ts';
import type { HttpRequest } from '../../src/http/transport.ts';

const GET = { method: 'GET', path: '/app', bearer: 'x' } as const;
const OK = 'HTTP/1.1 200 OK\r\nContent-Type: Application/JSON\r\nContent-Length: 4\r\n\r\ntrue';
const SERVICE_UNAVAILABLE = 'HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n';

/** Gets the socket once a request came in, and how many came before. */
type Reply = (socket: Socket, index: number) => void;

async function listen(reply: Reply) {
  let received = 0;
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', () => {
      received += 1;
      reply(socket, received - 1);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const send = createHttpClient(`http://127.0.0.1:${port}`, {}, false);
  return {
    port,
    received: () => received,
    send: (request: Partial<HttpRequest> = {}, budget: Budget = startBudget(10)) =>
      send({ ...GET, ...request }, budget),
    [Symbol.dispose]: () => void server.close(),
  };
}

const sends =
  (bytes: string): Reply =>
  (socket) =>
    void socket.end(bytes);
const resets: Reply = (socket) => void socket.resetAndDestroy();
const hangs: Reply = () => undefined;

async function failureOf(sending: Promise<unknown>): Promise<RequestError> {
  const thrown = await sending.then(
    () => assert.fail('it got a response'),
    (error: unknown) => error,
  );
  assert.ok(thrown instanceof RequestError, String(thrown));
  return thrown;
}

test('a response is told with all that is known of it', async () => {
  using server = await listen(
    sends(
      'HTTP/1.1 307 x\r\nLocation: /v0.5/app\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:39 GMT\r\nContent-Type: Text/HTML; charset=x\r\nContent-Length: 2\r\n\r\nhi',
    ),
  );
  const { receivedMs, elapsedSeconds, ...response } = await server.send();
  assert.ok(Math.abs(receivedMs - Date.now()) < 5000 && elapsedSeconds < 5);
  assert.deepEqual(response, {
    status: 307,
    text: 'hi',
    contentType: 'text/html; charset=x',
    location: '/v0.5/app',
    dateMs: 784_111_777_000,
    retryAfterMs: 2000,
    request: `GET /app on 127.0.0.1:${server.port}`,
    host: `127.0.0.1:${server.port}`,
    url: `http://127.0.0.1:${server.port}/app`,
    attempts: 1,
    unanswered: 0,
  });
});

for (const [name, bytes, text] of [
  ['an object', '{"token":"x"}'],
  ['an array', '[1]'],
  ['a literal', 'true'],
  ['a byte order mark before it', '\u00ef\u00bb\u00bf[1]', '[1]'],
] as const) {
  for (const [how, head, ends] of [
    ['more was announced and the connection ended', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', true],
    [
      'a chunk was announced and the connection ended',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n',
      true,
    ],
    ['more was announced and the time ran out', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n', false],
    ['nothing was announced', 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n', true],
  ] as const) {
    test(`whole JSON is a response: ${name}, ${how}`, async () => {
      using server = await listen((socket) => {
        socket.write(head + bytes, 'latin1');
        if (ends) socket.end();
      });
      const response = await server.send({ attemptSeconds: ends ? 15 : 0.5 });
      assert.deepEqual([response.text, response.attempts], [text ?? bytes, 1]);
    });
  }
}

for (const bytes of ['{"token":"x"', '"x', 'tru', '12', '', 'OK']) {
  test(`a body of which a part is missing is none, and what the request did is not known: ${bytes}`, async () => {
    using server = await listen(sends(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${bytes}`));
    const error = await failureOf(server.send({ maxUnansweredRetries: 0 }));
    assert.match(error.message, /^ICR’s response was cut short\. Run the job again later\. GET \/app on 127/);
    assert.deepEqual([error.unanswered, server.received()], [1, 1]);
  });
}

test('a body whose end nobody announced is cut short if its JSON is', async () => {
  using server = await listen((socket, index) =>
    socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${index === 0 ? '{"id":"1' : 'plain'}`),
  );
  const { text, attempts, unanswered } = await server.send();
  assert.deepEqual([text, attempts, unanswered], ['plain', 2, 1]);
});

test('an error whose body is cut short is asked for again, and is the response if nothing better comes', async () => {
  const cut = 'HTTP/1.1 404 x\r\nContent-Length: 1000\r\n\r\n{"mess';
  const whole = 'HTTP/1.1 404 x\r\nContent-Length: 2\r\n\r\n{}';
  using server = await listen((socket, index) => socket.end(index === 0 ? cut : whole));
  const { status, text, attempts, unanswered } = await server.send({ maxUnansweredRetries: 0 });
  assert.deepEqual([status, text, attempts, unanswered], [404, '{}', 2, 0]);
  using always = await listen(sends(cut));
  const last = await always.send({ maxUnansweredRetries: 0 }, startBudget(1.8));
  assert.deepEqual([last.status, last.text, last.unanswered], [404, '{"mess', 0]);
  assert.ok(last.attempts > 1);
});

test('an error is a response though its body is too large', async () => {
  using huge = await listen(sends(`HTTP/1.1 404 x\r\n\r\n${'x'.repeat(2 ** 21)}`));
  const { status, text, attempts } = await huge.send();
  assert.deepEqual([status, text, attempts], [404, '', 1]);
});

test('an outage is asked about again though its body is too large', async () => {
  const huge = `HTTP/1.1 503 x\r\n\r\n${'x'.repeat(2 ** 21)}`;
  using server = await listen((socket, index) => socket.end(index === 0 ? huge : OK));
  const { status, attempts, unanswered } = await server.send();
  assert.deepEqual([status, attempts, unanswered], [200, 2, 0]);
});

for (const [name, bytes, says] of [
  ['a switch of protocols', 'HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n', /^The server switched/],
  ['more than 1 MiB', `HTTP/1.1 200 OK\r\n\r\n[${'1,'.repeat(2 ** 20)}`, /^The response is larger than 1 MiB/],
] as const) {
  test(`${name} is refused at once, and what the request did is not known`, async () => {
    using server = await listen(sends(bytes));
    const error = await failureOf(server.send());
    assert.match(error.message, says);
    assert.deepEqual([error.unanswered, server.received()], [1, 1]);
  });
}

test('an attempt that was sent and got no response is repeated as often as the request says', async () => {
  using server = await listen(resets);
  const error = await failureOf(server.send({ maxUnansweredRetries: 1 }));
  assert.deepEqual([error.unanswered, server.received()], [2, 2]);
  assert.match(error.message, /^The connection to ICR was lost before its response \(2 attempts in \d s\)\. Run/);
  assert.ok(!error.facts.includes('Run') && error.facts.includes('ECONNRESET'));
});

test('a response after attempts without one says how many there were', async () => {
  using server = await listen((socket, index) => (index === 0 ? socket.resetAndDestroy() : socket.end(OK)));
  const { attempts, unanswered } = await server.send({ maxUnansweredRetries: 1 });
  assert.deepEqual([attempts, unanswered], [2, 1]);
});

test('an attempt that was not sent is repeated whatever the request says of those that were', async () => {
  const server = await listen(hangs);
  server[Symbol.dispose]();
  const error = await failureOf(server.send({ maxUnansweredRetries: 0 }, startBudget(2.5)));
  assert.equal(error.unanswered, 0);
  assert.match(error.message, /\([2-9] attempts in \d s\).*ECONNREFUSED/);
});

test('an attempt has its own time, and the last one what is left of the budget', async () => {
  using server = await listen(hangs);
  const error = await failureOf(server.send({ attemptSeconds: 1 }, startBudget(3)));
  assert.match(
    error.message,
    /^ICR did not respond within 1 s \(2 attempts in [23] s\)\. Run the job again later\. GET/,
  );
  assert.equal(error.unanswered, 2);
});

test('the last response counts more than an attempt that the budget cut short', async () => {
  using server = await listen((socket, index) => (index === 0 ? socket.end(SERVICE_UNAVAILABLE) : undefined));
  const { status, unanswered } = await server.send({}, startBudget(2));
  assert.deepEqual([status, unanswered], [503, 1]);
});

test('a response counts more than what came before it, however short its attempt was', async () => {
  using server = await listen((socket, index) => (index === 0 ? socket.destroy() : socket.end(SERVICE_UNAVAILABLE)));
  const { status, unanswered } = await server.send({}, startBudget(2.5));
  assert.deepEqual([status, unanswered], [503, 1]);
});

test('a later failure counts more, however little time its attempt had, unless that time ran out', async () => {
  const server = await listen((socket) => {
    socket.destroy();
    server[Symbol.dispose]();
  });
  const error = await failureOf(server.send({}, startBudget(2.5)));
  assert.match(error.message, /ECONNREFUSED/);
  assert.equal(error.unanswered, 1);
});

test('a wait that was made is not asked for again if the budget cuts the attempt after it short', async () => {
  const limited = 'HTTP/1.1 429 x\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n';
  using server = await listen((socket, index) => (index === 0 ? socket.end(limited) : undefined));
  const { status, attempts, unanswered } = await server.send({}, startBudget(2.5));
  assert.deepEqual([status, attempts, unanswered], [429, 2, 1]);
});

test('a page of a gateway is no answer of the server, and is repeated as any outage is', async () => {
  const page = 'HTTP/1.1 504 x\r\nContent-Length: 6\r\n\r\n<html>';
  using server = await listen((socket, index) => socket.end(index === 0 ? page : OK));
  const { attempts, unanswered } = await server.send({ maxUnansweredRetries: 0 });
  assert.deepEqual([attempts, unanswered], [2, 1]);
});

test('nothing is sent in the last half second', async () => {
  using server = await listen(sends(OK));
  const error = await failureOf(server.send({}, startBudget(0.49)));
  assert.equal(
    error.message,
    `The 0.49 s for all requests are used up. Run the job again later. GET /app on 127.0.0.1:${server.port} was not sent.`,
  );
  assert.equal(server.received(), 0);
});

for (const [status, header, attempts] of [
  [501, '', 1],
  [505, '', 1],
  [501, 'Retry-After: 0\r\n', 1],
  [403, '', 1],
  [403, 'Retry-After: 0\r\n', 2],
  [408, '', 2],
  [429, '', 2],
  [500, '', 2],
  [599, '', 2],
] as const) {
  test(`${status} ${header.trim()}: ${attempts} attempts`, async () => {
    using server = await listen((socket, index) =>
      socket.end(index === 0 ? `HTTP/1.1 ${status} x\r\n${header}Content-Length: 0\r\n\r\n` : OK),
    );
    const response = await server.send();
    assert.deepEqual([response.status, server.received()], [attempts === 1 ? status : 200, attempts]);
  });
}

test('a Retry-After that does not fit ends the request at once, and is named', async () => {
  using server = await listen(sends('HTTP/1.1 429 x\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n'));
  const error = await failureOf(server.send());
  assert.match(
    error.message,
    /^ICR asks to wait 60 s \(429 with Retry-After\), and this step has only (?:10\.0|9\.\d) s left\. Try/,
  );
  assert.equal(server.received(), 1);
});

test('an error of the program itself is thrown as it is, once', async () => {
  using server = await listen(sends(OK));
  await assert.rejects(server.send({ bearer: 'a\nb' }), { name: 'TypeError', code: 'ERR_INVALID_CHAR' });
  assert.equal(server.received(), 0);
});

test('a cancelled step waits no longer, and the error says so', async () => {
  using server = await listen(sends('HTTP/1.1 429 x\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n'));
  const controller = new AbortController();
  const reason = new Error('The step was cancelled (SIGINT).');
  setTimeout(() => controller.abort(reason), 300);
  const started = performance.now();
  const error = await failureOf(server.send({}, startBudget(20, controller.signal)));
  assert.ok(performance.now() - started < 3000);
  assert.deepEqual([error.message, error.cause, error.unanswered], [reason.message, reason, 0]);
  assert.ok(error.affectsEveryRequest);
  await failureOf(server.send({}, startBudget(20, controller.signal)));
  assert.equal(server.received(), 1, 'nothing more is sent');
});

test('an attempt under way has its grace, and then what it did is not known', async () => {
  using server = await listen((socket, index) => void (index === 0 && setTimeout(() => socket.write(OK), 600)));
  for (const [graceSeconds, ends] of [
    [2, 'response'],
    [0.2, 'error'],
    [undefined, 'error'],
  ] as const) {
    const controller = new AbortController();
    const sending = server.send(graceSeconds === undefined ? {} : { graceSeconds }, startBudget(20, controller.signal));
    await pause(300);
    const started = performance.now();
    controller.abort(new Error('The step was cancelled (SIGTERM).'));
    if (ends === 'response') assert.equal((await sending).text, 'true');
    else assert.equal((await failureOf(sending)).unanswered, 1);
    assert.ok(performance.now() - started < 1500);
  }
});

test('a wait has to leave time for an attempt, and a part of a budget ends with the whole', async () => {
  assert.equal(await waitWithin(startBudget(1.2), 0.3), false);
  assert.equal(await waitWithin(startBudget(5), 0.01), true);
  const controller = new AbortController();
  const whole = startBudget(20, controller.signal);
  assert.equal(partOf(whole, 60).deadlineMs, whole.deadlineMs);
  const part = partOf(whole, 5);
  assert.ok(part.deadlineMs < whole.deadlineMs - 14_000 && part.totalSeconds === 5);
  setTimeout(() => controller.abort(), 50);
  const started = performance.now();
  assert.equal(await waitWithin(part, 3), true);
  assert.equal(await waitWithin(part, 3), true, 'cancelled already');
  assert.ok(performance.now() - started < 2000);
});

/** A client of a host that only the proxy can reach. */
async function behindProxy(reply: Reply) {
  const proxy = await listen(reply);
  const before = process.env['https_proxy'];
  process.env['https_proxy'] = `http://127.0.0.1:${proxy.port}`;
  try {
    const send = createHttpClient('https://icr.example', {}, false);
    const request = (more: Partial<HttpRequest>) => send({ ...GET, ...more }, startBudget(1.5));
    return { request, received: proxy.received, [Symbol.dispose]: () => proxy[Symbol.dispose]() };
  } finally {
    if (before === undefined) delete process.env['https_proxy'];
    else process.env['https_proxy'] = before;
  }
}

for (const [name, reply, says, isFinal] of [
  ['a refused CONNECT', sends('HTTP/1.1 403 x\r\n\r\n'), /did not connect to \S+ \(403\)\./, true],
  ['a CONNECT that fails', sends('HTTP/1.1 502 x\r\n\r\n'), /did not connect to \S+ \(502\)/, false],
  [
    'a tunnel to a port without TLS',
    tunnelsTo('HTTP/1.1 400 x\r\n\r\n'),
    /^The server icr\.example does not speak TLS\./,
    true,
  ],
  ['a tunnel that is reset', tunnelsTo(undefined), / can’t be reached/, false],
] as const) {
  test(`${name} was not sent`, async () => {
    using proxied = await behindProxy(reply);
    const error = await failureOf(proxied.request({ maxUnansweredRetries: 0 }));
    assert.match(error.message, says);
    assert.deepEqual([error.unanswered, error.affectsEveryRequest], [0, isFinal]);
    if (isFinal) assert.doesNotMatch(error.message, /attempts/);
  });
}

/** Answers the CONNECT, and what comes in the tunnel with the bytes; none reset it. */
function tunnelsTo(bytes: string | undefined): Reply {
  const isOpen = new WeakSet<Socket>();
  return (socket) => {
    if (!isOpen.has(socket)) socket.write('HTTP/1.1 200 OK\r\n\r\n');
    else if (bytes === undefined) socket.resetAndDestroy();
    else socket.end(bytes);
    isOpen.add(socket);
  };
}

test('a proxy that does not answer a CONNECT is named at the limit, and its connection is closed', async () => {
  let closed = 0;
  using proxied = await behindProxy((socket) => void socket.on('close', () => (closed += 1)));
  const error = await failureOf(proxied.request({ attemptSeconds: 0.6 }));
  assert.match(
    error.message,
    /^The proxy 127\.0\.0\.1:\d+ did not respond within 1 s\. Check `https_proxy` and the proxy\./,
  );
  assert.deepEqual([error.unanswered, error.affectsEveryRequest], [0, false]);
  await pause(100);
  assert.equal(closed, proxied.received());
});

test('a name that was never found affects every request, and a connection that is refused does not', async () => {
  assert.ok(new RequestError({ problem: 'x', fix: 'y', isUnknownHost: true }).affectsEveryRequest);
  assert.ok(!new RequestError({ problem: 'x', fix: 'y' }).affectsEveryRequest);
  assert.ok(!new RequestError({ problem: 'x', fix: 'y', isFinal: true, wasSent: true }).affectsEveryRequest);
});
