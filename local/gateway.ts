// What API Gateway does: finds the route of a request, hands it to the function, and gives back what that answers.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { RequestActivity } from './activity.js';

/** From `POST /path` to what answers it. */
export type Routes = ReadonlyMap<string, (event: unknown) => Promise<unknown>>;

/** A function's invocation may carry so much, in bytes. */
const MAX_BODY_BYTES = 6 * 1024 * 1024;

/** Content types that API Gateway hands over as text; all others come base64-encoded. */
const TEXT = /^(text\/|application\/(json|xml|javascript)\b|application\/[\w.-]+\+(json|xml)\b)/i;

/** @param onRequest called with each request that was answered */
export function createGateway(routes: Routes, onRequest: (activity: RequestActivity) => void): Server {
  const server = createServer((request, response) => {
    const at = Date.now();
    const answered = (status: number, text: string, headers: object = {}, body?: Buffer) => {
      reply(response, status, text, headers);
      const sent = body === undefined ? {} : { body: body.toString('utf8') };
      onRequest({ kind: 'request', at, duration: Date.now() - at, status, ...sent });
    };
    readBody(request).then(
      (body) =>
        answer(request, body, routes).then(
          ({ statusCode = 200, headers, body: text = '' }) => answered(statusCode, text, headers, body),
          () =>
            answered(
              503,
              error('function_unavailable', 'The function did not answer. Stripe will send the event again.'),
              {},
              body,
            ),
        ),
      // The sender went away in the middle of what it sent.
      () => response.destroy(),
    );
  });
  // Longer than a sender keeps an idle connection, so that none is closed while a request is on its way.
  server.keepAliveTimeout = 65_000;
  return server;
}

async function answer(
  request: IncomingMessage,
  body: Buffer | undefined,
  routes: Routes,
): Promise<APIGatewayProxyStructuredResultV2> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const routeKey = `${request.method} ${url.pathname}`;
  const route = routes.get(routeKey);
  if (!route) {
    const methods = [...routes.keys()]
      .filter((key) => key.split(' ')[1] === url.pathname)
      .map((key) => key.split(' ')[0]);
    if (methods.length === 0)
      return {
        statusCode: 404,
        body: error('not_found', `There is nothing at this path; try ${[...routes.keys()].join(', ')}.`),
      };
    return {
      statusCode: 405,
      headers: { allow: methods.join(', ') },
      body: error('method_not_allowed', `Use ${methods.join(', ')} here.`),
    };
  }
  if (body === undefined)
    return { statusCode: 413, body: error('payload_too_large', 'The body is larger than any Stripe event.') };
  const isText = TEXT.test(request.headers['content-type'] ?? '');
  return (await route({
    version: '2.0',
    routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    requestContext: {
      http: { method: request.method, path: url.pathname, sourceIp: request.socket.remoteAddress },
      requestId: randomUUID(),
      routeKey,
      timeEpoch: Date.now(),
    },
    body: body.toString(isText ? 'utf8' : 'base64'),
    isBase64Encoded: !isText,
  })) as APIGatewayProxyStructuredResultV2;
}

/** @returns undefined where it is too large; the rest is read and thrown away, so that the sender hears the answer */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined;
}

function error(code: string, message: string): string {
  return JSON.stringify({ error: { code, message } });
}

function reply(response: ServerResponse, status: number, body: string, headers: object = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}
