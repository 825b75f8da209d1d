// The template's alarms, evaluated with the metrics of this machine.

import { resolve, resourcesOf, type Template } from '../../local/template.js';
import { evaluate } from './metric-math.js';
import { localName } from './metric-names.js';
import { type MetricStore, RESOLUTION } from './metrics.js';
import { type ResourceNames, withLogicalIds } from './template-names.js';

export interface AlarmState {
  readonly name: string;
  readonly state: 'OK' | 'ALARM';
  /** What the alarm means for the business. */
  readonly impact: string;
  /** A heading of docs/runbook.md, as a link has it. */
  readonly section: string;
  readonly condition: string;
}

interface MetricStat {
  readonly Metric: {
    readonly Namespace: string;
    readonly MetricName: string;
    readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
  };
  readonly Period: number;
  readonly Stat: string;
}

interface MetricQuery {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: MetricStat;
}

type Alarm = Readonly<Record<string, unknown>>;

/** Every alarm of the template with its state. @param now milliseconds */
export function alarmStates(
  template: Template,
  resources: ResourceNames,
  store: MetricStore,
  now: number,
): AlarmState[] {
  const names = withLogicalIds(resources);
  return resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([id, properties]) => {
    const alarm = resolve(properties, names) as Alarm;
    const breaching = latestValues(alarm, store, now).filter((value) => breaches(alarm, value));
    const needed = Number(alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods);
    const description = String(alarm.AlarmDescription ?? '');
    const operator = OPERATORS[String(alarm.ComparisonOperator)] ?? alarm.ComparisonOperator;
    return {
      name: nameOf(template, id),
      state: breaching.length >= needed ? 'ALARM' : 'OK',
      impact: /^IMPACT: (.*)$/m.exec(description)?.[1] ?? '',
      section: /^READ: docs\/runbook\.md#(.*)$/m.exec(description)?.[1] ?? '',
      condition: `${operator} ${alarm.Threshold} in ${needed} of ${alarm.EvaluationPeriods} periods of ${periodOf(alarm)} s`,
    };
  });
}

const OPERATORS: Readonly<Record<string, string>> = {
  GreaterThanThreshold: '>',
  GreaterThanOrEqualToThreshold: '≥',
  LessThanThreshold: '<',
  LessThanOrEqualToThreshold: '≤',
};

function queriesOf(alarm: Alarm): readonly MetricQuery[] {
  return (alarm.Metrics as MetricQuery[] | undefined) ?? [];
}

/** In seconds. */
function periodOf(alarm: Alarm): number {
  return Number(alarm.Period ?? queriesOf(alarm).find(({ MetricStat }) => MetricStat)?.MetricStat?.Period);
}

/** The values of the periods that the alarm evaluates; the last period has not ended. */
function latestValues(alarm: Alarm, store: MetricStore, now: number): (number | undefined)[] {
  const period = periodOf(alarm) * 1000;
  const to = Math.ceil(now / RESOLUTION) * RESOLUTION;
  const range = { from: to - period * Number(alarm.EvaluationPeriods), to, period };
  const query = ({ Namespace, MetricName, Dimensions = [] }: MetricStat['Metric'], statistic: string) => {
    const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]));
    return store.query(localName(Namespace, MetricName, dimensions), statistic, range);
  };
  if (alarm.Metrics === undefined) {
    return query(alarm as unknown as MetricStat['Metric'], String(alarm.Statistic ?? alarm.ExtendedStatistic));
  }
  const lines = queriesOf(alarm).flatMap(({ Id, MetricStat }) =>
    MetricStat ? [[Id, query(MetricStat.Metric, MetricStat.Stat)] as const] : [],
  );
  const expression = queriesOf(alarm).find(({ Expression }) => Expression !== undefined)!.Expression!;
  return Array.from({ length: Number(alarm.EvaluationPeriods) }, (_, i) =>
    evaluate(expression, new Map(lines.map(([id, values]) => [id, values[i]]))),
  );
}

function breaches(alarm: Alarm, value: number | undefined): boolean {
  if (value === undefined) return alarm.TreatMissingData === 'breaching';
  const threshold = Number(alarm.Threshold);
  switch (alarm.ComparisonOperator) {
    case 'GreaterThanThreshold':
      return value > threshold;
    case 'GreaterThanOrEqualToThreshold':
      return value >= threshold;
    case 'LessThanThreshold':
      return value < threshold;
    default:
      return value <= threshold;
  }
}

/** `Sync/Alarms/DeadLetters/Resource` → `Dead letters`, `Webhook5xx` → `Webhook 5xx`. */
function nameOf(template: Template, id: string): string {
  const path = String(template.Resources[id]?.Metadata?.['aws:cdk:path'] ?? id);
  const name = path.split('/').at(-2) ?? id;
  return name.replace(/(?<=[a-z])([A-Z]|\d)/g, (letter) => ` ${letter.toLowerCase()}`);
}
