// The local gateway throttles as API Gateway does, with the template's own limits, and the alarm Webhook429 counts it.

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { alarmStates } from '../../console/dashboard/alarms.js';
import { createMetricStore } from '../../console/dashboard/metrics.js';
import { counter } from '../../console/dashboard/watch.js';
import { DEFAULT_THROTTLE } from '../../lib/webhook-api.js';
import type { RequestActivity } from '../../local/activity.js';
import { apiStageOf, createTokenBucket } from '../../local/api-stage.js';
import { createGateway } from '../../local/gateway.js';
import { synthesizeTemplate } from '../support/stack/template.js';

const ROUTE = 'POST /stripe/webhook';
const template = synthesizeTemplate();
let server: Server | undefined;
afterEach(() => {
  server?.close();
});

test('a token bucket admits a burst, then as many as its rate gives back, and never holds more than a burst', () => {
  let now = 0;
  const admits = createTokenBucket({ rate: 2, burst: 3 }, () => now);
  const admitted = (tries: number) => Array.from({ length: tries }, admits).filter(Boolean).length;
  expect(admitted(10)).toBe(3);
  now += 499;
  expect(admitted(1)).toBe(0);
  now += 1;
  expect(admitted(10)).toBe(1);
  now += 60_000;
  expect(admitted(10)).toBe(3);
  now -= 60_000;
  expect(admitted(10)).toBe(0);
});

test('the limits are those of the template’s stage, and a route may have its own', () => {
  expect(apiStageOf(template).throttleOf(ROUTE)).toEqual(DEFAULT_THROTTLE);
  const Properties = {
    DefaultRouteSettings: { ThrottlingRateLimit: 5, ThrottlingBurstLimit: 10 },
    RouteSettings: { [ROUTE]: { ThrottlingRateLimit: 1 } },
  };
  const stage = apiStageOf({ Resources: { Stage: { Type: 'AWS::ApiGatewayV2::Stage', Properties } } });
  expect(stage.throttleOf(ROUTE)).toEqual({ rate: 1, burst: 10 });
  expect(stage.throttleOf('GET /other')).toEqual({ rate: 5, burst: 10 });
  expect(apiStageOf({ Resources: {} }).throttleOf(ROUTE)).toBeUndefined();
});

test('beyond the burst the gateway answers 429 without invoking the function, and Webhook429 goes off', async () => {
  let invocations = 0;
  const answer = async () => {
    invocations++;
    return { statusCode: 200, body: '{"received":true}' };
  };
  const admits = createTokenBucket({ rate: 1, burst: 3 }, () => 0);
  const requests: RequestActivity[] = [];
  const { accessLogLine } = apiStageOf(template);
  server = createGateway({ routes: new Map([[ROUTE, { answer, admits }]]), accessLogLine }, (each) =>
    requests.push(each),
  );
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/stripe/webhook`;
  const answers: { status: number; body: string }[] = [];
  for (let i = 0; i < 5; i++) {
    const response = await fetch(url, { method: 'POST', body: '{}' });
    answers.push({ status: response.status, body: await response.text() });
  }
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
  expect(answers.at(-1)!.body).toBe('{"message":"Too Many Requests"}');
  expect(invocations).toBe(3);
  // Another path has a route neither to invoke nor to throttle.
  expect((await fetch(url.replace('webhook', 'other'))).status).toBe(404);

  const lines = requests.map(({ accessLog }) => JSON.parse(accessLog!));
  expect(lines.map(({ status }) => status)).toEqual(['200', '200', '200', '429', '429', '404']);
  expect(lines[0]).toMatchObject({ error: '-', ms: expect.stringMatching(/^\d+$/) });
  expect(lines[3]).toMatchObject({ error: 'Too Many Requests' });

  const NOW = 1_750_000_000_000;
  const stateAfter = (activities: readonly RequestActivity[]) => {
    const metrics = createMetricStore();
    activities.forEach(counter(template, metrics));
    return alarmStates(template, new Map(), metrics, NOW).find(({ name }) => name === 'Webhook 429')?.state;
  };
  const inThisPeriod = requests.map((each) => ({ ...each, at: NOW - 60_000 }));
  expect(stateAfter(inThisPeriod.slice(0, 3))).toBe('OK');
  expect(stateAfter(inThisPeriod)).toBe('ALARM');
});
