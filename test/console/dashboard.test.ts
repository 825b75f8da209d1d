// The template's dashboard and alarms on metrics of this machine.

import { expect, test } from '@jest/globals';
import { alarmStates } from '../../console/dashboard/alarms.js';
import { meaningsOf } from '../../console/dashboard/meanings.js';
import { createMetricStore, recordEmbedded } from '../../console/dashboard/metrics.js';
import { readWidgets, seriesOf } from '../../console/dashboard/widgets.js';
import { synthesizeTemplate } from '../support/stack/template.js';

const template = synthesizeTemplate();
const NOW = 1_750_000_000_000;
const MINUTE = 60_000;

function emit(store: ReturnType<typeof createMetricStore>, name: string, at: number, values: number[]) {
  recordEmbedded(store, {
    _aws: {
      Timestamp: at,
      CloudWatchMetrics: [{ Namespace: 'StripePartnerSync/test/Sync', Dimensions: [[]], Metrics: [{ Name: name }] }],
    },
    [name]: values,
  });
}

const states = (store: ReturnType<typeof createMetricStore>, now = NOW) =>
  new Map(alarmStates(template, new Map(), store, now).map(({ name, state }) => [name, state]));

test('every widget of the template is read, and every alarm has a state', () => {
  const widgets = readWidgets(template, new Map());
  expect(widgets.filter(({ type }) => type === 'metric').length).toBeGreaterThan(15);
  expect(widgets.map(({ type }) => type)).toContain('alarm');
  const store = createMetricStore();
  expect([...states(store).values()]).toEqual(Array(14).fill('OK'));
});

test('an alarm on an expression goes off after its periods, and recovers', () => {
  const store = createMetricStore();
  for (let i = 1; i <= 15; i++) {
    emit(store, 'EventsQueued', NOW - i * MINUTE, [1, 1]);
    emit(store, 'SignaturesInvalid', NOW - i * MINUTE, [1]);
  }
  // A third of the requests is refused: over 20 %, three times five minutes.
  expect(states(store).get('Refused')).toBe('ALARM');
  expect(states(store).get('Worker errors')).toBe('OK');
  for (let i = 1; i <= 5; i++) emit(store, 'EventsQueued', NOW + i * MINUTE, [1, 1]);
  expect(states(store, NOW + 6 * MINUTE).get('Refused')).toBe('OK');
});

test('a graph has a value for each period with data, and a gap for each period without', () => {
  const store = createMetricStore();
  emit(store, 'EventsQueued', NOW - 25_000, [1, 2]);
  emit(store, 'EventsQueued', NOW - 5_000, [4]);
  const widget = readWidgets(template, new Map()).find(
    (each) => each.type === 'metric' && each.title === '200 responses',
  );
  const range = { from: NOW - 30_000, to: NOW, period: 10_000 };
  const [queued, unwanted] = seriesOf(widget as never, store, range);
  expect(queued).toEqual({ label: 'EventsQueued', values: [3, null, 4] });
  expect(unwanted!.values).toEqual([null, null, null]);
});

test('percentiles, maximum and mean are computed from the values, not from their sums', () => {
  const store = createMetricStore();
  const metric = { namespace: 'n', name: 'm', dimensions: {} };
  store.record(metric, NOW, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const ask = (statistic: string) => store.query(metric, statistic, { from: NOW, to: NOW + 10_000, period: 10_000 })[0];
  expect(['p50', 'p99', 'Maximum', 'Minimum', 'Average', 'SampleCount', 'Sum'].map(ask)).toEqual([
    5, 10, 10, 1, 5.5, 10, 55,
  ]);
});

test('every line of every graph has a meaning', () => {
  const full = synthesizeTemplate({ changeFeed: true });
  const graphs = readWidgets(full, new Map()).filter((widget) => widget.type === 'metric');
  expect(graphs.map(({ title }) => title)).toContain('Row changes');
  const unexplained = graphs.flatMap(meaningsOf).filter(({ meaning }) => meaning === '');
  expect(unexplained).toEqual([]);
});
