// Faults on the wire: between the store and a real DynamoDB engine each request of each scenario in turn is refused, cut off before
// or after it took effect, answered with 500, throttled, answered after the timeout, or comes back unprocessed. What failed is
// delivered again, as the queue would, and the rows are those of the model.
//
// HTTP_FAULTS=all npx jest http-faults     every fault at every request; otherwise each request meets one, in turn

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { deliverUntilDone } from '../support/builders/history.js';
import { SCENARIOS } from '../support/builders/scenarios.js';
import { type Engine, startEngine } from '../support/emulators/engine.js';
import { closedPort, FAULTS, type Fault, type FaultProxy, startFaultProxy } from '../support/fakes/fault-proxy.js';
import { expectedRows } from '../support/model/model.js';
import type { Scenario } from '../support/schedules/interleave.js';

const ALL = process.env.HTTP_FAULTS === 'all';
/** Milliseconds: short here, five seconds in the worker. */
const TIMEOUT = 250;

let engine: Engine;
let proxy: FaultProxy;
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
    `faults on the wire: ${JSON.stringify(Object.fromEntries(points))}, each with rows as without a fault\n`,
  );
});

test.each(Object.entries(SCENARIOS))(
  'each request of: %s',
  async (name, scenario) => {
    const expected = expectedRows([...scenario.before, ...scenario.workers.flat()], scenario.settings);
    for (let request = 0; ; request++) {
      const faults = ALL ? FAULTS : [FAULTS[(request + Object.keys(SCENARIOS).indexOf(name)) % FAULTS.length]!];
      let reached = true;
      for (fault of faults) {
        await engine.clear();
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
  const straight = { tables: engine.tables, client: engine.client };
  await deliverUntilDone(
    straight,
    scenario.settings,
    scenario.before.map((event) => [event]),
  );
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
