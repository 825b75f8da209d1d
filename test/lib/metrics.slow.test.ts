// The dashboard and the alarms use every emitted metric, and no metric that is never emitted: the metrics
// that a local end-to-end run really prints are compared with the template's, in name, dimensions and unit.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { functionLogFilters } from '../../console/dashboard/metric-filters.js';
import { parseLogLine } from '../../contract/log-line.js';
import { resourcesOf, type Template } from '../../local/template.js';
import { charge, customer, dispute, event, refund } from '../support/builders/events.js';
import { startFakeStripe } from '../support/fakes/fake-stripe.js';
import { startStack, until } from '../support/stack/local-stack.js';
import { synthesizeTemplate } from '../support/stack/template.js';
import { type AwsCall, startWiring, type Wiring } from '../support/stack/wiring.js';

let wiring: Wiring;
const folder = mkdtempSync(join(tmpdir(), 'metrics-'));
const faults = { queue: false, secret: false, table: true };
beforeAll(async () => {
  wiring = await startWiring('whsec_test', ({ target, input }: AwsCall) => {
    if (faults.queue && target === 'AmazonSQS.SendMessage') return 'InvalidMessageContents';
    if (faults.secret && target === 'secretsmanager.GetSecretValue') return 'ResourceNotFoundException';
    if (faults.table && target.endsWith('PutItem') && JSON.stringify(input).includes('ch_refused'))
      return 'ValidationException';
    return undefined;
  });
}, 30_000);
afterAll(() => {
  wiring.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('every emitted metric is on the dashboard or in an alarm, and every metric there is emitted', async () => {
  faults.secret = true;
  const stack = await startStack({ folder, args: ['--livemode', 'test', ...wiring.args] });
  const post = (body: string | object, options = {}) => stack.post(body, { secret: 'whsec_test', ...options });
  await post(event('charge.succeeded', charge()));
  faults.secret = false;
  // The next read comes after the pause that a failed one is followed by.
  await until(async () => (await post(event('plan.created', {}))).status === 200, 20_000);
  faults.queue = true;
  await post(event('charge.succeeded', charge()));
  faults.queue = false;
  await post(event('charge.succeeded', charge()), { signature: null });
  await post(event('charge.succeeded', charge()), { secret: 'whsec_wrong' });
  await post('not JSON');
  await post({ id: 'x', object: 'v2.core.event', related_object: {} });
  await post({ ...event('charge.succeeded', charge()), livemode: true });
  await post(event('charge.succeeded', charge()));
  await stack.settled();
  await post(event('customer.created', customer('acme')));
  await stack.settled();
  await post(event('charge.succeeded', charge({ id: 'ch_2' })));
  await post(event('charge.failed', charge({ id: 'ch_3', status: 'failed' })));
  await post(event('charge.updated', charge({ id: 'ch_4', status: 'pending', metadata: { gspk: '!' } })));
  await post(event('charge.updated', charge(), -9));
  // Under `disputes: lost`, a dispute that is still open is noted and changes no row. It settles alone, before the
  // batch of its closing could contain it as well.
  await post(event('charge.dispute.created', dispute({ charge: 'ch_1', status: 'needs_response' })));
  await stack.settled();
  await post(event('charge.dispute.closed', dispute({ charge: 'ch_1', status: 'lost' })));
  await post(event('refund.failed', refund({ charge: 'ch_1', status: 'failed' })));
  await post(event('charge.updated', charge({ amount: 'x' })));
  await post(event('charge.updated', charge({ id: 'ch_refused' })));
  const printedSoFar = () => readFileSync(stack.file.logFile!, 'utf8');
  // A message that fails stays in the queue for half a day.
  await until(() => printedSoFar().includes('EventsFailed'), 20_000);
  faults.table = false;
  await stack.settled();
  const stripe = await startFakeStripe();
  stripe.objects.events = [{ ...event('customer.updated', customer('beta')), created: Math.floor(Date.now() / 1000) }];
  const reconciled = await wiring.reconcile(stripe, stack.file);
  stripe.stop();
  await stack.stop();
  const log = readFileSync(join(folder, '.local', 'functions.log'), 'utf8');
  const template = synthesizeTemplate({ currencies: ['usd'] });
  const printed = new Set([...emittedIn([log, ...reconciled].join('\n')), ...countedIn(log, template)]);
  const watched = new Set(ownMetrics(template));
  expect([...printed].sort()).toEqual([...watched].sort());
}, 120_000);

test('every AWS metric on the dashboard belongs to a resource of this stack', () => {
  const named = JSON.stringify(metricsIn(synthesizeTemplate())).match(/AWS\/\w+/g);
  expect(new Set(named)).toEqual(new Set(['AWS/ApiGateway', 'AWS/DynamoDB', 'AWS/Lambda', 'AWS/Logs', 'AWS/SQS']));
});

/** `name {dimensions} unit`, of each metric that log lines carry in CloudWatch's embedded metric format. */
function emittedIn(log: string): Set<string> {
  const found = new Set<string>();
  for (const line of log.split('\n').filter((each) => each.includes('"_aws"'))) {
    const entry = JSON.parse(line);
    for (const { Namespace, Dimensions, Metrics } of entry._aws.CloudWatchMetrics) {
      expect(Namespace).toMatch(/^StripePartnerSync\//);
      for (const dimensions of Dimensions) {
        const values = Object.fromEntries(dimensions.sort().map((name: string) => [name, entry[name]]));
        for (const { Name, Unit } of Metrics) found.add(`${Name} ${JSON.stringify(values)} ${Unit}`);
      }
    }
  }
  return found;
}

/** The same of each metric that the template's filters count in the functions' logs. */
function countedIn(log: string, template: Template): string[] {
  const filters = functionLogFilters(template);
  const lines = log.split('\n').flatMap((line) => parseLogLine(line) ?? []);
  return lines.flatMap((line) =>
    (filters.get(line.service ?? '') ?? []).flatMap(({ metric, matches }) =>
      matches(line) ? [`${metric.name} ${JSON.stringify(metric.dimensions)} Count`] : [],
    ),
  );
}

/** The same for each of our metrics in the template. */
function ownMetrics(template: Template): string[] {
  const units: Record<string, string> = { EventAge: 'Seconds', AmountRecorded: 'None' };
  return metricsIn(template).flatMap(([namespace, name, ...rest]) => {
    // API Gateway's access log counts the throttled requests.
    if (!String(namespace).startsWith('StripePartnerSync/') || name === 'RequestsThrottled') return [];
    const pairs = rest.filter((each): each is string => typeof each === 'string');
    const dimensions = Object.fromEntries(pairs.flatMap((key, i) => (i % 2 === 0 ? [[key, pairs[i + 1]]] : [])).sort());
    return `${name} ${JSON.stringify(dimensions)} ${units[String(name)] ?? 'Count'}`;
  });
}

/** As a dashboard's widgets have them: namespace, name, dimensions by name and value, and how they are drawn. */
function metricsIn(template: Template): unknown[][] {
  const widgets = resourcesOf(template, 'AWS::CloudWatch::Dashboard').flatMap(([, { DashboardBody }]) => {
    // The body is joined from text and references; none of our metrics contains a reference.
    const pieces =
      typeof DashboardBody === 'string'
        ? [DashboardBody]
        : ((DashboardBody as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1] as unknown[]);
    return JSON.parse(pieces.map((piece) => (typeof piece === 'string' ? piece : 'ref')).join('')).widgets;
  });
  const drawn = widgets.flatMap((widget) => widget.properties.metrics ?? []);
  const alarmed = resourcesOf(template, 'AWS::CloudWatch::Alarm').flatMap(([, alarm]) => {
    const stats = [
      alarm,
      ...((alarm.Metrics as { MetricStat?: { Metric: object } }[]) ?? []).flatMap(
        (each) => each.MetricStat?.Metric ?? [],
      ),
    ];
    return stats.flatMap((each) => {
      const {
        Namespace,
        MetricName,
        Dimensions = [],
      } = each as { Namespace?: string; MetricName?: string; Dimensions?: { Name: string; Value: unknown }[] };
      return Namespace
        ? [
            [
              Namespace,
              MetricName,
              ...Dimensions.flatMap(({ Name, Value }) => [Name, typeof Value === 'string' ? Value : 'ref']),
            ],
          ]
        : [];
    });
  });
  return [...drawn, ...alarmed];
}
