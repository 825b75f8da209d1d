// Questions that come up again and again, saved in CloudWatch Logs Insights.

import { QueryDefinition, QueryString } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { qualifiedName } from './qualified-name.js';
import type { SyncFunction } from './sync-function.js';

export class SavedQueries extends Construct {
  constructor(scope: Construct, id: string, functions: readonly SyncFunction[]) {
    super(scope, id);
    const logGroups = functions.map(({ logGroup }) => logGroup);
    const folder = qualifiedName(scope);
    const query = (name: string, lines: { filter: string[]; stats?: string; fields?: string[]; sort: string }) =>
      new QueryDefinition(this, name.replaceAll(/\W/g, ''), {
        queryDefinitionName: `${folder}/${name}`,
        logGroups,
        queryString: new QueryString({
          ...(lines.fields ? { fields: lines.fields } : {}),
          filterStatements: lines.filter,
          ...(lines.stats ? { statsStatements: [lines.stats] } : {}),
          sort: lines.sort,
          limit: 200,
        }),
      });
    query('trace an event', {
      fields: ['@timestamp', '@log', 'event_type', 'object_id', 'outcome', 'reason'],
      filter: ['event_id = "evt_…"'],
      sort: '@timestamp asc',
    });
    query('history of a customer or charge', {
      fields: ['@timestamp', 'event_type', 'event_id', 'outcome', 'attributed', 'reason'],
      filter: ['object_id = "cus_… or ch_…"'],
      sort: '@timestamp asc',
    });
    query('top error codes', {
      filter: ['level in ["ERROR", "WARN"]'],
      stats: 'count(*) as events by service, outcome, reason',
      sort: 'events desc',
    });
    // Of those that succeed Lambda logs nothing; their duration is a metric.
    query('failed invocations', {
      fields: ['@timestamp', '@log', 'record.status', 'record.errorType', 'record.metrics.durationMs'],
      filter: ['type = "platform.report"'],
      sort: '@timestamp desc',
    });
  }
}
