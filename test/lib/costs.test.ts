// docs/limits.md says what the stack costs at rest and under a flood. The figures follow from the template, from what ingest logs, and
// from the prices in bench/prices.json.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { accessLogBytes } from '../../bench/access-log.js';
import { INGEST_METRICS, RECONCILE_METRICS, WORKER_METRICS } from '../../contract/metrics.js';
import { DEFAULT_THROTTLE } from '../../lib/webhook-api.js';
import { resourcesOf } from '../../local/template.js';
import { runFunction } from '../support/stack/run-function.js';
import { synthesizeTemplate } from '../support/stack/template.js';

const ROOT = join(__dirname, '..', '..');
const page = readFileSync(join(ROOT, 'docs', 'limits.md'), 'utf8').replaceAll(/\s+/g, ' ');
const prices = JSON.parse(readFileSync(join(ROOT, 'bench', 'prices.json'), 'utf8'));
const dollars = (amount: number) => `$${amount.toFixed(2)}`;

describe('at rest', () => {
  const template = synthesizeTemplate({ quietHours: 24 });
  test('an alarm costs as many metrics as it reads', () => {
    const metrics = resourcesOf(template, 'AWS::CloudWatch::Alarm').flatMap(([, { Metrics }]) =>
      Metrics ? (Metrics as { MetricStat?: object }[]).filter(({ MetricStat }) => MetricStat) : [{}],
    );
    expect(page).toContain(
      `| alarms | ${dollars(metrics.length * prices.alarmMetricPerMonth)} for ${metrics.length} metrics`,
    );
  });
  test('docs/limits.md has the costs of secrets, dashboard and idle polling', () => {
    const secrets = resourcesOf(template, 'AWS::SecretsManager::Secret').length;
    expect(page).toContain(`| secrets | ${dollars(secrets * prices.secretPerMonth)} for ${secrets} |`);
    expect(page).toContain(`| dashboard | ${dollars(prices.dashboardPerMonth)} |`);
    const { idlePollers, longPollSeconds } = prices.assumed;
    const polls = (idlePollers * 30 * 24 * 3600) / longPollSeconds;
    expect(page).toContain(`| idle polling | ${dollars((polls / 1e6) * prices.sqsPerMillion)}:`);
  });
  test('docs/limits.md has the costs of the functions’ metrics', () => {
    const functions = [INGEST_METRICS, WORKER_METRICS, RECONCILE_METRICS].flatMap((each) => Object.values(each));
    // Attributed, unusable metadata, age, throttled requests, and the amounts in two currencies.
    const count = functions.length + 6;
    expect(page).toContain(`up to ${count} metrics, ${dollars(count * prices.metricPerMonth)}`);
  });
});

test('docs/limits.md has the cost of an unsigned request', async () => {
  const { lines } = await runFunction(
    'ingest',
    { QUEUE_URL: 'http://127.0.0.1:1/events', SIGNING_SECRET_ARN: 'arn:aws:secretsmanager:::secret:none' },
    { body: '{}', isBase64Encoded: false, headers: {} },
  );
  const { assumed } = prices;
  const logged = lines.reduce((bytes, line) => bytes + Buffer.byteLength(line) + 1, 0);
  const logBytes = logged + accessLogBytes(synthesizeTemplate());
  const gigabyteSeconds = (assumed.roundTripMilliseconds / 1000) * assumed.memoryGigabytes;
  const perMillion =
    prices.httpApiPerMillion +
    prices.lambdaRequestsPerMillion +
    gigabyteSeconds * prices.lambdaArmGigabyteSecond * 1e6 +
    (logBytes / 1e9) * 1e6 * prices.logsPerGigabyte;
  const [, stated, perDay] = /costs \$(\d+\.\d\d) per million.* for a day costs \$(\d+)/.exec(page)!;
  // To five cents: a log line has a few bytes more or less from run to run.
  expect(Number(stated)).toBeCloseTo(perMillion, 1);
  const requestsPerDay = DEFAULT_THROTTLE.rate * 24 * 3600;
  expect(Number(perDay)).toBe(Math.round((Number(stated) * requestsPerDay) / 1e6));
}, 30_000);
