// Each outcome of ingest is counted once, from its log.

import { expect, test } from '@jest/globals';
import { functionLogFilters } from '../../console/dashboard/metric-filters.js';
import { INGEST_METRICS } from '../../contract/metrics.js';
import { INGEST_OUTCOMES, WORKER_OUTCOMES } from '../../contract/outcomes.js';
import { resourcesOf } from '../../local/template.js';
import { synthesizeTemplate } from '../support/stack/template.js';

const template = synthesizeTemplate();

test('one metric filter counts each outcome of ingest, and none counts another function’s', () => {
  const filters = functionLogFilters(template).get('ingest')!;
  const matching = (outcome: string) =>
    filters
      .filter(({ matches }) => matches({ event_id: 'evt_1', outcome }))
      .map(({ metric, value }) => [metric.name, value]);
  for (const outcome of INGEST_OUTCOMES) expect(matching(outcome)).toEqual([[INGEST_METRICS[outcome], 1]]);
  for (const outcome of WORKER_OUTCOMES) expect(matching(outcome)).toEqual([]);
  expect(filters).toHaveLength(INGEST_OUTCOMES.length);
  expect(functionLogFilters(template).get('worker')).toEqual([]);
});

test('the log groups are of the class that metric filters and embedded metrics need', () => {
  for (const [, { LogGroupClass = 'STANDARD' }] of resourcesOf(template, 'AWS::Logs::LogGroup'))
    expect(LogGroupClass).toBe('STANDARD');
});
