// Network faults between the store and a real DynamoDB engine: one request of a scenario after the other is refused, cut off before
// or after it took effect, answered with 500, throttled, answered after the timeout, or left unprocessed. Events that failed are
// delivered again, as the queue would, and the rows must be those of the model.
//
// HTTP_FAULTS=all npx jest http-faults     injects every fault at every request; by default each request gets one kind, in turn.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { deliverUntilDone } from '../support/builders/history.js';
import { SCENARIOS } from '../support/builders/scenarios.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';
import { closedPort, FAULTS, type Fault, startFaultProxy } from '../support/fakes/fault-proxy.js';
import type { HttpProxy } from '../support/fakes/proxy.js';
import { expectedRows } from '../support/model/model.js';
import type { Scenario } from '../support/schedules/workers.js';

const ALL = process.env.HTTP_FAULTS === 'all';
/** Milliseconds: short here, five seconds in the worker. */
const TIMEOUT = 250;

let engine: Engine;
let proxy: HttpProxy;
let client: DynamoDBClient;
let refusing: number;
let at = -1;
let fault: Fault = 'refused';
let sent = 0;
const points = new Map<Fault, number>();

beforeAll(async () => {
  engine = await startEngine();
  proxy = await startFaultProxy(engine.endpoint, { late: TIMEOUT * 2 });
  refusing = await closedPort();
  client = new DynamoDBClient({
    endpoint: proxy.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    // The queue is what repeats here: a fault that the SDK hides shows nothing of the store.
    maxAttempts: 1,
    requestHandler: { requestTimeout: TIMEOUT, throwOnRequestTimeout: true },
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { headers: Record<string, string>; port: number };
      if (sent++ === at) {
        points.set(fault, (points.get(fault) ?? 0) + 1);
        request.headers['x-fault'] = fault;
        if (fault === 'refused') request.port = refusing;
      }
      return next(args);
    },
    { step: 'deserialize', priority: 'low', name: 'fault' },
  );
}, 60_000);
afterAll(async () => {
  client?.destroy();
  await proxy?.stop();
  await engine?.stop();
  process.stdout.write(
    `network faults: ${JSON.stringify(Object.fromEntries(points))}, each run ended with the right rows\n`,
  );
});

test.each(Object.entries(SCENARIOS))(
  'each request of: %s',
  async (name, scenario) => {
    const expected = expectedRows([...scenario.before, ...scenario.workers.flat()], scenario.settings);
    const before = scenario.before.map((event) => [event]);
    await engine.clear();
    await deliverUntilDone({ tables: engine.tables, client: engine.client }, scenario.settings, before);
    const items = await engine.items();
    for (let request = 0; ; request++) {
      const faults = ALL ? FAULTS : [FAULTS[(request + Object.keys(SCENARIOS).indexOf(name)) % FAULTS.length]!];
      let reached = true;
      for (fault of faults) {
        await engine.restore(items);
        reached = await runWithFaultAt(request, scenario);
        expect({ fault, request, rows: await engine.rows() }).toEqual({ fault, request, rows: expected });
      }
      if (!reached) break;
      expect(request).toBeLessThan(500);
    }
  },
  1_800_000,
);

/** @returns whether there was such a request */
async function runWithFaultAt(request: number, scenario: Scenario): Promise<boolean> {
  sent = 0;
  at = request;
  await deliverUntilDone(
    { tables: engine.tables, client: DynamoDBDocumentClient.from(client) },
    scenario.settings,
    scenario.workers,
  );
  const reached = sent > request;
  at = -1;
  // What was answered too late has taken effect all the same, perhaps only now.
  if (fault === 'answered after the timeout') await new Promise((resolve) => setTimeout(resolve, 50));
  return reached;
}
