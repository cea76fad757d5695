// Finds an installation and mints its token with as little code as possible, to measure the action's main against.
// No checks, retries, limits or proxy, and one file like a bundle.
const { createSign } = require('node:crypto');
const { appendFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');

const input = (name) => process.env[`INPUT_${name.toUpperCase()}`];
const apiUrl = input('api-url');
const transport = apiUrl.startsWith('https:') ? https : http;
const agent = new transport.Agent({ keepAlive: true });

function signJwt(appId, key) {
  const now = Math.floor(Date.now() / 1000);
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const claims = { iss: appId, iat: now - 60, exp: now + 540, alg: 'RS256' };
  const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

function ask(method, path, bearer, body) {
  return new Promise((resolve, reject) => {
    const headers = {
      accept: 'application/json',
      authorization: `Bearer ${bearer}`,
      'user-agent': 'bare',
      'x-icr-api-version': '2023-06-16',
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
    };
    const request = transport.request(apiUrl + path, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text)));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function main() {
  const jwt = signJwt(input('app-id'), input('private-key'));
  const { id } = await ask('GET', `/app/organizations/${input('organization-id')}/installation`, jwt);
  const { token } = await ask('POST', `/app/installations/${id}/accessTokens`, jwt, '{}');
  console.log(`::add-mask::${token}`);
  appendFileSync(process.env.GITHUB_STATE, `token<<ghadelimiter_1\n${token}\nghadelimiter_1\n`);
  appendFileSync(process.env.GITHUB_OUTPUT, `token<<ghadelimiter_1\n${token}\nghadelimiter_1\n`);
}

main();
