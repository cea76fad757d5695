// Revokes a token with as little code as possible, to measure the action's post against.
const http = require('node:http');
const https = require('node:https');

const apiUrl = process.env['INPUT_API-URL'];
const transport = apiUrl.startsWith('https:') ? https : http;

const headers = {
  accept: 'application/json',
  authorization: `Bearer ${process.env.STATE_token}`,
  'user-agent': 'bare',
  'x-icr-api-version': '2023-06-16',
};
const request = transport.request(`${apiUrl}/app/installations/token`, { method: 'DELETE', headers }, (response) => {
  response.resume();
  response.on('end', () => console.log(response.statusCode));
});
request.end();
