/** Sends one HTTP request on a connection of its own, and follows no redirects. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../json.ts';

export interface CallOptions {
  readonly bearer?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly ca?: string;
  /** Milliseconds to wait for the next byte before the call fails. */
  readonly patience?: number;
  /** An open connection to use, for instance a proxy's tunnel. */
  readonly socket?: Socket;
}

export interface CallResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** @throws Error unless a whole response comes */
export function call(method: string, url: string, options: CallOptions = {}): Promise<CallResponse> {
  const { bearer, body, ca, patience, socket } = options;
  const headers = {
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    ...options.headers,
  };
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const connection = socket === undefined ? { agent: false } : { createConnection: () => socket };
    const sent = request(url, { method, headers, ...connection, ...(ca === undefined ? {} : { ca }) });
    sent.on('error', reject);
    if (patience !== undefined) sent.setTimeout(patience, () => sent.destroy(new Error('out of patience')));
    sent.on('response', (response) => {
      const chunks: Uint8Array[] = [];
      response.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    sent.end(body);
  });
}

export function objectIn(response: CallResponse): JsonObject {
  const value = parseJson(response.text);
  if (!isJsonObject(value)) throw new Error(`not a JSON object: ${response.text}`);
  return value;
}

export function textIn(response: CallResponse, name: string): string {
  const value = objectIn(response)[name];
  if (typeof value !== 'string') throw new Error(`no text ${name} in ${response.text}`);
  return value;
}

export function listIn(response: CallResponse, name: string): readonly JsonObject[] {
  const value: Json | undefined = objectIn(response)[name];
  if (!Array.isArray(value)) throw new Error(`no list ${name} in ${response.text}`);
  return value.filter(isJsonObject);
}
