// The widgets of the template's CloudWatch dashboard, and the values of their graphs.

import { resolve, resourcesOf, type Template } from '../../local/template.js';
import { evaluate } from './metric-math.js';
import { localName, type MetricName } from './metric-names.js';
import type { MetricStore, TimeRange } from './metrics.js';
import { type ResourceNames, withLogicalIds } from './template-names.js';

export type Widget =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'alarm'; readonly title: string }
  | { readonly type: 'log'; readonly title: string }
  | MetricWidget;

export interface MetricWidget {
  readonly type: 'metric';
  readonly title: string;
  readonly sources: readonly Source[];
  /** Only AWS counts these metrics; the local stack has no values for them. */
  readonly isCountedLocally: boolean;
}

/** A line of a graph: one metric, or an expression over several. */
export type Source = { readonly id: string; readonly label: string; readonly visible: boolean } & (
  | { readonly metric: MetricName; readonly statistic: string }
  | { readonly expression: string }
);

export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
}

interface RawWidget {
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export function readWidgets(template: Template, resources: ResourceNames): Widget[] {
  const [dashboard] = resourcesOf(template, 'AWS::CloudWatch::Dashboard');
  const body = JSON.parse(String(resolve(dashboard![1].DashboardBody, withLogicalIds(resources))));
  return (body.widgets as RawWidget[]).map(readWidget);
}

function readWidget({ type, properties }: RawWidget): Widget {
  const title = String(properties.title ?? '');
  if (type === 'text') return { type, text: String(properties.markdown).replace(/^#+ /, '') };
  if (type === 'alarm' || type === 'log') return { type, title };
  const sources = (properties.metrics as unknown[][]).map(readSource);
  const isCountedLocally = sources.some((source) => 'metric' in source && isCounted(source.metric));
  return { type: 'metric', title, sources, isCountedLocally };
}

/** An entry is `[namespace, name, dimension, value, …, options]` or `[{expression}]`. */
function readSource(entry: unknown[], index: number): Source {
  const options = (typeof entry.at(-1) === 'object' ? entry.at(-1) : {}) as Record<string, unknown>;
  const [namespace, name, ...rest] = entry.filter((each) => typeof each === 'string') as string[];
  const line = {
    id: String(options.id ?? `line${index}`),
    label: String(options.label ?? name ?? options.expression),
    visible: options.visible !== false,
  };
  if (options.expression !== undefined) return { ...line, expression: String(options.expression) };
  const pairs = Array.from({ length: rest.length / 2 }, (_, i) => [rest[2 * i]!, rest[2 * i + 1]!]);
  const metric = localName(namespace!, name!, Object.fromEntries(pairs));
  return { ...line, metric, statistic: String(options.stat ?? 'Average') };
}

function isCounted({ namespace, dimensions }: MetricName): boolean {
  if (namespace === 'AWS/DynamoDB' || namespace === 'AWS/Logs') return false;
  // The local stack does not run the functions that only a schedule invokes.
  return dimensions.service !== 'reconcile' && !/reconcile/i.test(dimensions.FunctionName ?? '');
}

/** The lines of a graph over a time range. */
export function seriesOf(widget: MetricWidget, store: MetricStore, range: TimeRange): Series[] {
  const lines = new Map(
    widget.sources.flatMap((source) =>
      'metric' in source ? [[source.id, store.query(source.metric, source.statistic, range)] as const] : [],
    ),
  );
  const valueAt = (source: Source, i: number) =>
    'metric' in source
      ? lines.get(source.id)![i]
      : evaluate(source.expression, new Map([...lines].map(([id, values]) => [id, values[i]])));
  const length = Math.floor((range.to - range.from) / range.period);
  return widget.sources
    .filter(({ visible }) => visible)
    .map((source) => ({
      label: source.label,
      values: Array.from({ length }, (_, i) => valueAt(source, i) ?? null),
    }));
}
