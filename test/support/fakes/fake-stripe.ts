// Stripe's API as far as it is used: lists with paging, events, webhook endpoints, event destinations, keys and permissions, rate limits and faults.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface StripeObject {
  readonly id: string;
  readonly created: number;
  /** Of an event: whether Stripe could deliver it. */
  readonly delivered?: boolean;
  readonly [field: string]: unknown;
}

export interface FakeStripe {
  readonly url: string;
  /** What its lists hold. */
  readonly objects: {
    events: StripeObject[];
    customers: StripeObject[];
    charges: StripeObject[];
    invoices: StripeObject[];
    refunds: StripeObject[];
    disputes: StripeObject[];
  };
  readonly endpoints: Map<string, Record<string, unknown>>;
  /** Of API v2, by their IDs. */
  readonly thinEvents: Map<string, object>;
  readonly destinations: Map<string, Record<string, unknown>>;
  /** The `Stripe-Context` of each request that had one. */
  readonly contexts: string[];
  /** `METHOD path` of each request that was answered. */
  readonly requests: string[];
  /** Called before each answer; what it returns is answered in place of it. */
  fault: (
    request: string,
  ) => { status: number; headers?: Record<string, string>; error?: object } | 'hang' | 'cut' | undefined;
  stop(): void;
}

export const GOOD_KEY = 'sk_test_good';

export async function startFakeStripe(): Promise<FakeStripe> {
  const fake: Omit<FakeStripe, 'url' | 'stop'> = {
    objects: { events: [], customers: [], charges: [], invoices: [], refunds: [], disputes: [] },
    endpoints: new Map(),
    thinEvents: new Map(),
    destinations: new Map(),
    contexts: [],
    requests: [],
    fault: () => undefined,
  };
  const idempotent = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://stripe');
    const name = `${request.method} ${url.pathname}`;
    const text = await read(request);
    const body = new URLSearchParams(text);
    const fault = fake.fault(name);
    if (fault === 'hang') return;
    if (fault === 'cut') return void request.socket.destroy();
    if (fault)
      return reply(
        response,
        fault.status,
        { error: fault.error ?? { message: 'fault', type: 'api_error' } },
        fault.headers,
      );
    if (request.headers.authorization !== `Bearer ${GOOD_KEY}`) {
      return reply(response, 401, { error: { type: 'invalid_request_error', message: 'Invalid API Key provided' } });
    }
    fake.requests.push(name);
    if (request.headers['stripe-context']) fake.contexts.push(String(request.headers['stripe-context']));
    const key = String(request.headers['idempotency-key'] ?? '');
    if (request.method === 'POST' && idempotent.has(key)) return reply(response, 200, JSON.parse(idempotent.get(key)!));
    const answer = url.pathname.startsWith('/v2/core/')
      ? handleV2(fake, request.method!, url, text)
      : handle(fake, request.method!, url, body);
    if (request.method === 'POST' && key) idempotent.set(key, JSON.stringify(answer));
    if (!answer) return reply(response, 404, { error: { type: 'invalid_request_error', message: 'No such thing' } });
    return reply(response, 200, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  });
}

function handle(
  fake: Omit<FakeStripe, 'url' | 'stop'>,
  method: string,
  url: URL,
  body: URLSearchParams,
): object | undefined {
  const [, , collection = '', id] = url.pathname.split('/');
  if (collection === 'webhook_endpoints') return webhookEndpoints(fake.endpoints, method, id, body);
  const objects = fake.objects[collection as 'events'];
  if (collection === 'invoice_payments') return { object: 'list', data: [], has_more: false, url: url.pathname };
  if (!objects || method !== 'GET') return undefined;
  if (id) return objects.find((each) => each.id === id);
  const query = url.searchParams;
  const sorted = [...objects].sort((a, b) => b.created - a.created || (a.id < b.id ? 1 : -1));
  const matching = sorted.filter(
    (each) =>
      each.created >= Number(query.get('created[gte]') ?? 0) &&
      (query.get('delivery_success') === null || each.delivered !== true) &&
      (query.get('status') === null || each.status === query.get('status')) &&
      ['customer', 'charge', 'payment_intent'].every((name) => [null, each[name]].includes(query.get(name))),
  );
  const after = query.get('starting_after');
  const from = after === null ? 0 : matching.findIndex((each) => each.id === after) + 1;
  const limit = Number(query.get('limit') ?? 10);
  return {
    object: 'list',
    data: matching.slice(from, from + limit).map((each) => expanded(fake, each, query)),
    has_more: from + limit < matching.length,
    url: url.pathname,
  };
}

/** API v2 takes JSON. Shapes: https://docs.stripe.com/api/v2/core/event-destinations/object */
function handleV2(fake: Omit<FakeStripe, 'url' | 'stop'>, method: string, url: URL, text: string): object | undefined {
  const [, , , collection, id] = url.pathname.split('/');
  if (collection === 'events') return fake.thinEvents.get(id ?? '');
  if (collection !== 'event_destinations') return undefined;
  if (method === 'GET') return id ? fake.destinations.get(id) : { data: [...fake.destinations.values()] };
  if (method === 'DELETE')
    return fake.destinations.delete(id!) ? { id, object: 'v2.core.event_destination' } : undefined;
  const fields = JSON.parse(text);
  const known = id === undefined ? undefined : fake.destinations.get(id);
  const made = id ?? `ed_test_${fake.destinations.size + 1}`;
  const bridge = fields.amazon_eventbridge;
  const destination = {
    ...known,
    ...fields,
    ...{ id: made, object: 'v2.core.event_destination', status: 'enabled', livemode: false },
    ...(bridge
      ? {
          amazon_eventbridge: {
            aws_account_id: bridge.aws_account_id,
            aws_event_source_arn: `arn:aws:events:${bridge.aws_region}::event-source/aws.partner/stripe.com/${made}`,
            aws_event_source_status: 'pending',
          },
        }
      : {}),
  };
  fake.destinations.set(made, destination);
  return destination;
}

/** With `expand[]=data.charge` a refund's charge is an object. */
function expanded(fake: Omit<FakeStripe, 'url' | 'stop'>, object: StripeObject, query: URLSearchParams): StripeObject {
  const expand = [...query.entries()].filter(([name]) => name.startsWith('expand')).map(([, value]) => value);
  if (!expand.includes('data.charge')) return object;
  return { ...object, charge: fake.objects.charges.find(({ id }) => id === object.charge) ?? object.charge };
}

function webhookEndpoints(
  endpoints: FakeStripe['endpoints'],
  method: string,
  id: string | undefined,
  body: URLSearchParams,
) {
  if (method === 'GET')
    return {
      object: 'list',
      data: [...endpoints.values()].map(({ secret, ...shown }) => shown),
      has_more: false,
      url: '/v1/webhook_endpoints',
    };
  const fields = {
    ...(body.has('url') ? { url: body.get('url') } : {}),
    // Stripe refuses to change it afterwards.
    ...(body.has('api_version') && !id ? { api_version: body.get('api_version') } : {}),
    enabled_events: [...body.entries()].filter(([name]) => name.startsWith('enabled_events')).map(([, value]) => value),
  };
  if (method === 'DELETE' && id)
    return endpoints.delete(id) ? { id, object: 'webhook_endpoint', deleted: true } : undefined;
  if (id) {
    const { secret, ...endpoint } = { ...endpoints.get(id), ...fields } as Record<string, unknown>;
    endpoints.set(id, { ...endpoint, secret });
    return endpoint;
  }
  const made = {
    id: `we_${endpoints.size + 1}`,
    object: 'webhook_endpoint',
    status: 'enabled',
    api_version: null,
    ...fields,
    secret: `whsec_${'made'.repeat(4)}${endpoints.size}`,
  };
  endpoints.set(made.id, made);
  return made;
}

function reply(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) {
  response
    .writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_fake', ...headers })
    .end(JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
