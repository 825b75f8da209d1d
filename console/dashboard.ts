// The template's own CloudWatch dashboard and alarms, read from the synthesized JSON and filled with the metrics of this machine.

import { type ResolvedResource, resolve, resourcesOf, type Template } from '../local/template.js';
import { evaluate } from './metric-math.js';
import { type MetricName, type MetricStore, RESOLUTION } from './metrics.js';

export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

interface Placed {
  /** In CloudWatch's grid of 24 columns. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type Widget = Placed &
  (
    | { readonly type: 'text'; readonly text: string }
    | { readonly type: 'alarm'; readonly title: string }
    | { readonly type: 'log'; readonly title: string }
    | {
        readonly type: 'metric';
        readonly title: string;
        readonly sources: readonly Source[];
        /** Nothing on this machine counts any of it. */
        readonly uncounted: boolean;
      }
  );

/** A line of a graph: one metric, or an expression over several. */
type Source = { readonly id: string; readonly label: string; readonly visible: boolean } & (
  | { readonly metric: MetricName; readonly statistic: string }
  | { readonly expression: string }
);

export interface AlarmState {
  readonly name: string;
  readonly state: 'OK' | 'ALARM';
  /** What it means for partners' money. */
  readonly impact: string;
  /** A heading of docs/runbook.md, as a link has it. */
  readonly section: string;
  readonly condition: string;
}

type Names = ReadonlyMap<string, ResolvedResource>;

/** What the template refers to and does not exist here is called by its logical id. */
function namesOf(physical: Names): Names {
  const attributesOf = (id: string) => new Proxy({}, { get: (_, name) => `${id}.${String(name)}` });
  return { get: (id: string) => physical.get(id) ?? { ref: id, attributes: attributesOf(id) } } as Names;
}

export function readWidgets(template: Template, physical: Names): Widget[] {
  const [dashboard] = resourcesOf(template, 'AWS::CloudWatch::Dashboard');
  const body = JSON.parse(String(resolve(dashboard![1].DashboardBody, namesOf(physical))));
  return (body.widgets as RawWidget[]).map(readWidget);
}

interface RawWidget extends Placed {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

function readWidget({ type, properties, x, y, width, height }: RawWidget): Widget {
  const placed = { x, y, width, height };
  const title = String(properties.title ?? '');
  if (type === 'text') return { ...placed, type, text: String(properties.markdown).replace(/^#+ /, '') };
  if (type === 'alarm' || type === 'log') return { ...placed, type, title };
  const sources = (properties.metrics as unknown[][]).map(readSource);
  const uncounted = sources.every((source) => !('metric' in source) || !isCounted(source.metric));
  return { ...placed, type: 'metric', title, sources, uncounted };
}

/** `[namespace, name, dimension, value, …, options]`, or `[{expression}]`. */
function readSource(entry: unknown[], index: number): Source {
  const options = (typeof entry.at(-1) === 'object' ? entry.at(-1) : {}) as Record<string, unknown>;
  const [namespace, name, ...rest] = entry.filter((each) => typeof each === 'string') as string[];
  const about = {
    id: String(options.id ?? `line${index}`),
    label: String(options.label ?? name ?? options.expression),
    visible: options.visible !== false,
  };
  if (options.expression !== undefined) return { ...about, expression: String(options.expression) };
  const pairs = Array.from({ length: rest.length / 2 }, (_, i) => [rest[2 * i]!, rest[2 * i + 1]!]);
  const metric = localName(namespace!, name!, Object.fromEntries(pairs));
  return { ...about, metric, statistic: String(options.stat ?? 'Average') };
}

/** An alias is invoked in place of its function; here there is nothing between the two. */
function localName(namespace: string, name: string, dimensions: Readonly<Record<string, string>>): MetricName {
  const { Resource: _, ...others } = dimensions;
  return { namespace, name, dimensions: others };
}

/** What AWS alone counts, or what a function that only a schedule invokes emits. */
function isCounted({ namespace, dimensions }: MetricName): boolean {
  if (namespace === 'AWS/DynamoDB' || namespace === 'AWS/Logs') return false;
  return dimensions.service !== 'reconcile' && !/reconcile/i.test(dimensions.FunctionName ?? '');
}

export interface Range {
  readonly from: number;
  readonly to: number;
  readonly period: number;
}

/** The lines of a graph's widget over a range. */
export function seriesOf(widget: Widget & { type: 'metric' }, store: MetricStore, range: Range): Series[] {
  const lines = new Map(
    widget.sources.flatMap((source) =>
      'metric' in source ? [[source.id, store.query(source.metric, source.statistic, range)] as const] : [],
    ),
  );
  const length = Math.floor((range.to - range.from) / range.period);
  return widget.sources
    .filter(({ visible }) => visible)
    .map((source) => ({
      label: source.label,
      values: Array.from({ length }, (_, i) => {
        if ('metric' in source) return lines.get(source.id)![i] ?? null;
        return evaluate(source.expression, new Map([...lines].map(([id, values]) => [id, values[i]]))) ?? null;
      }),
    }));
}

interface MetricStat {
  readonly Metric: { Namespace: string; MetricName: string; Dimensions?: readonly Dimension[] };
  readonly Period: number;
  readonly Stat: string;
}
interface Dimension {
  readonly Name: string;
  readonly Value: string;
}
interface MetricQuery {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: MetricStat;
}

/** Every alarm of the template with its state, by the metrics of this machine. @param now milliseconds */
export function alarmStates(template: Template, physical: Names, store: MetricStore, now: number): AlarmState[] {
  const names = namesOf(physical);
  return resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([id, properties]) => {
    const alarm = resolve(properties, names) as Record<string, unknown>;
    const breaching = latestValues(alarm, store, now).filter((value) => breaches(alarm, value));
    const needed = Number(alarm.DatapointsToAlarm ?? alarm.EvaluationPeriods);
    const description = String(alarm.AlarmDescription ?? '');
    return {
      name: nameOf(template, id),
      state: breaching.length >= needed ? 'ALARM' : 'OK',
      impact: /^IMPACT: (.*)$/m.exec(description)?.[1] ?? '',
      section: /^READ: docs\/runbook\.md#(.*)$/m.exec(description)?.[1] ?? '',
      condition: `${OPERATORS[String(alarm.ComparisonOperator)] ?? alarm.ComparisonOperator} ${alarm.Threshold}, ${needed} of ${alarm.EvaluationPeriods} times ${periodOf(alarm)} s`,
    };
  });
}

const OPERATORS: Readonly<Record<string, string>> = {
  GreaterThanThreshold: '>',
  GreaterThanOrEqualToThreshold: '≥',
  LessThanThreshold: '<',
  LessThanOrEqualToThreshold: '≤',
};

function periodOf(alarm: Record<string, unknown>): number {
  const queries = (alarm.Metrics as MetricQuery[] | undefined) ?? [];
  return Number(alarm.Period ?? queries.find(({ MetricStat }) => MetricStat)?.MetricStat?.Period);
}

/** Of the periods that the alarm looks at; the last one is still running. */
function latestValues(alarm: Record<string, unknown>, store: MetricStore, now: number): (number | undefined)[] {
  const period = periodOf(alarm) * 1000;
  const to = Math.ceil(now / RESOLUTION) * RESOLUTION;
  const range = { from: to - period * Number(alarm.EvaluationPeriods), to, period };
  const query = ({ Namespace, MetricName, Dimensions = [] }: MetricStat['Metric'], statistic: string) =>
    store.query(
      localName(Namespace, MetricName, Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, Value]))),
      statistic,
      range,
    );
  const queries = alarm.Metrics as MetricQuery[] | undefined;
  if (!queries) {
    return query(alarm as unknown as MetricStat['Metric'], String(alarm.Statistic ?? alarm.ExtendedStatistic));
  }
  const lines = queries.flatMap(({ Id, MetricStat }) =>
    MetricStat ? [[Id, query(MetricStat.Metric, MetricStat.Stat)] as const] : [],
  );
  const expression = queries.find(({ Expression }) => Expression !== undefined)!.Expression!;
  return Array.from({ length: Number(alarm.EvaluationPeriods) }, (_, i) =>
    evaluate(expression, new Map(lines.map(([id, values]) => [id, values[i]]))),
  );
}

function breaches(alarm: Record<string, unknown>, value: number | undefined): boolean {
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

/** `Sync/Alarms/DeadLetters/Resource` → `Dead letters`. */
function nameOf(template: Template, id: string): string {
  const path = String(template.Resources[id]?.Metadata?.['aws:cdk:path'] ?? id);
  const name = path.split('/').at(-2) ?? id;
  return name.replace(/(?<=[a-z])([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
}
