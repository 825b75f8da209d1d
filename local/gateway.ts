// What API Gateway does: finds the route of a request, throttles it, invokes the function, and returns its response.

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { RequestActivity } from './activity.js';
import type { RequestContext } from './api-stage.js';

export interface Route {
  /** Invokes the function. */
  readonly answer: (event: unknown) => Promise<unknown>;
  /** Takes one request from what the route's throttle still allows. @returns false if nothing is left */
  readonly admits: () => boolean;
}

/** The webhook's API. It is filled after the server has been created: a request before that finds no route. */
export interface Api {
  /** From `POST /path` to its route. */
  readonly routes: Map<string, Route>;
  /** The access log's line about a request, if there is an access log. */
  accessLogLine: (context: RequestContext) => string | undefined;
}

/** The most that a function's invocation may contain, in bytes. */
const MAX_BODY_BYTES = 6 * 1024 * 1024;

/** Content types that API Gateway passes on as text; all others are base64-encoded. */
const TEXT = /^(text\/|application\/(json|xml|javascript)\b|application\/[\w.-]+\+(json|xml)\b)/i;

/** @param onRequest called with each request that was answered */
export function createGateway(api: Api, onRequest: (activity: RequestActivity) => void): Server {
  const server = createServer((request, response) => {
    const at = Date.now();
    const requestId = randomUUID();
    const answered = ({ statusCode: status = 200, headers, body: text = '', error }: Answer, body?: Buffer) => {
      reply(response, status, text, headers);
      const duration = Date.now() - at;
      const sent = body === undefined ? {} : { body: body.toString('utf8') };
      const accessLog = api.accessLogLine({
        requestId,
        status,
        responseLatency: duration,
        responseLength: Buffer.byteLength(text),
        ...(error === undefined ? {} : { 'error.message': error }),
      });
      onRequest({ kind: 'request', at, duration, status, ...sent, ...(accessLog === undefined ? {} : { accessLog }) });
    };
    readBody(request).then(
      (body) =>
        answer(request, requestId, body, api.routes).then(
          (given) => answered(given, body),
          () => answered(FUNCTION_UNAVAILABLE, body),
        ),
      // The sender closed the connection in the middle of its request.
      () => response.destroy(),
    );
  });
  // Longer than a sender keeps an idle connection, so that none is closed while a request is on its way.
  server.keepAliveTimeout = 65_000;
  return server;
}

type Answer = APIGatewayProxyStructuredResultV2 & {
  /** API Gateway's own error message, for the access log. */
  readonly error?: string;
};

const FUNCTION_UNAVAILABLE: Answer = {
  statusCode: 503,
  body: error('function_unavailable', 'The function did not answer. Stripe will send the event again.'),
  error: 'Service Unavailable',
};

/** Word for word what API Gateway answers. */
const TOO_MANY_REQUESTS: Answer = {
  statusCode: 429,
  body: '{"message":"Too Many Requests"}',
  error: 'Too Many Requests',
};

async function answer(
  request: IncomingMessage,
  requestId: string,
  body: Buffer | undefined,
  routes: Api['routes'],
): Promise<Answer> {
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
  if (!route.admits()) return TOO_MANY_REQUESTS;
  if (body === undefined)
    return { statusCode: 413, body: error('payload_too_large', 'The body is larger than any Stripe event.') };
  const isText = TEXT.test(request.headers['content-type'] ?? '');
  return (await route.answer({
    version: '2.0',
    routeKey,
    rawPath: url.pathname,
    rawQueryString: url.search.slice(1),
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
    requestContext: {
      http: { method: request.method, path: url.pathname, sourceIp: request.socket.remoteAddress },
      requestId,
      routeKey,
      timeEpoch: Date.now(),
    },
    body: body.toString(isText ? 'utf8' : 'base64'),
    isBase64Encoded: !isText,
  })) as APIGatewayProxyStructuredResultV2;
}

/** @returns undefined if it is too large; the rest is read and discarded, so that the sender gets the response */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    });
    request.on('end', () => resolve(size <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined));
    request.on('error', reject);
  });
}

function error(code: string, message: string): string {
  return JSON.stringify({ error: { code, message } });
}

function reply(response: ServerResponse, status: number, body: string, headers: object = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
}
