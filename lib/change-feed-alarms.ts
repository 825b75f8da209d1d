// When the alarms of the change feed go off. Without a change feed there are none.

import { Duration } from 'aws-cdk-lib';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { AlarmRule } from './alarm-rules.js';
import { RETRIED_FOR } from './change-feed.js';
import { PERIOD } from './metric-source.js';
import type { MonitoredResources } from './monitored-resources.js';

/** How old the oldest change may be that has not been sent. */
export const FEED_DELAY = Duration.minutes(15);

export function feedRules({ changeFeed }: MonitoredResources): AlarmRule[] {
  if (!changeFeed) return [];
  const { feed, failures } = changeFeed;
  return [
    {
      id: 'FeedDelayed',
      metric: feed.alias.metric('IteratorAge', { period: PERIOD, statistic: Stats.MAXIMUM }),
      threshold: FEED_DELAY.toMilliseconds(),
      periods: 2,
      impact: `Consumers of the change feed see payments and refunds late. The tables are correct. After ${RETRIED_FOR.toHours()} hours, Lambda stops retrying.`,
      causes: 'EventBridge refuses the events or is unavailable, a permission is missing, or the bus was deleted.',
      command: `aws logs tail <FeedLogGroup> --since 15m --filter-pattern '{ $.outcome = "failed" }'`,
    },
    {
      id: 'FeedErrors',
      metric: feed.alias.metricErrors({ period: Duration.minutes(1), statistic: Stats.SUM }),
      threshold: 0,
      periods: 1,
      impact: 'The feed function crashes: changes are not sent and are retried. A deployment rolls back.',
      causes: 'A defect in a new version, a missing setting, or the function ran into its timeout.',
      command: 'aws logs tail <FeedLogGroup> --since 15m',
    },
    {
      id: 'FeedFailures',
      metric: failures.metricApproximateNumberOfMessagesVisible({ period: PERIOD, statistic: Stats.MAXIMUM }),
      threshold: 0,
      periods: 1,
      impact: 'Some changes were never sent: consumers of the change feed have stale rows. The tables are correct.',
      causes: `Sending them failed for ${RETRIED_FOR.toHours()} hours.`,
      command: 'npx stripe-partner-sync redrive --feed --stage <stage>',
    },
  ];
}
