// A proxy that injects the fault that a request's header `x-fault` names, and a client that sets the header on a chosen request.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type HttpProxy, startProxy } from './proxy.js';

/** What can happen to a request between its sender and an engine. */
export const FAULTS = [
  'refused',
  'cut before it took effect',
  'cut after it took effect',
  'answered with 500',
  'throttled',
  'answered after the timeout',
  'unprocessed',
] as const;
export type Fault = (typeof FAULTS)[number];

/** @param late how long an answer is held back that comes after the timeout, in milliseconds */
export function startFaultProxy(
  endpoint: string,
  { late, fault = () => undefined }: { readonly late: number; readonly fault?: (target: string) => Fault | undefined },
): Promise<HttpProxy> {
  return startProxy(endpoint, ({ incoming, outgoing, body, pass }) => {
    const { headers } = incoming;
    const target = String(headers['x-amz-target']);
    const what = (headers['x-fault'] as Fault | undefined) ?? fault(target);
    const answer = (status: number, text: string | Buffer) =>
      outgoing.writeHead(status, { 'content-type': String(headers['content-type']) }).end(text);
    if (what === 'cut before it took effect' || what === 'refused') return void incoming.socket.destroy();
    if (what === 'answered with 500') return void answer(500, '{"__type":"InternalServerError"}');
    if (what === 'throttled')
      return void answer(400, '{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}');
    if (what === 'unprocessed') {
      const input = JSON.parse(body.toString());
      if (target.endsWith('.BatchGetItem'))
        return void answer(200, JSON.stringify({ Responses: {}, UnprocessedKeys: input.RequestItems }));
      if (target.endsWith('.BatchWriteItem'))
        return void answer(200, JSON.stringify({ UnprocessedItems: input.RequestItems }));
    }
    pass((response) => {
      const parts: Buffer[] = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => {
        if (what === 'cut after it took effect') return incoming.socket.destroy();
        setTimeout(
          () => answer(response.statusCode!, Buffer.concat(parts)),
          what === 'answered after the timeout' ? late : 0,
        );
      });
    });
  });
}

/** A port where nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
