// The template's metric filters on the access log and on the functions' logs, applied as CloudWatch Logs applies them.

import { apiStageOf } from '../../local/api-stage.js';
import { referencesIn, resourcesOf, shortName, type Template, UnsupportedTemplateError } from '../../local/template.js';
import type { MetricName } from './metric-names.js';

interface MetricTransformation {
  readonly MetricNamespace: string;
  readonly MetricName: string;
  readonly MetricValue: string;
}

export interface MetricFilter {
  readonly metric: MetricName;
  readonly value: number;
  /** @param line a log line that is JSON: no other matches such a pattern */
  readonly matches: (line: object) => boolean;
}

/** @throws {UnsupportedTemplateError} for a pattern other than `{ $.name = "value" }` */
export function accessLogFilters(template: Template): readonly MetricFilter[] {
  return filtersOn(template, apiStageOf(template).accessLogGroup);
}

/** By the function's name. @throws {UnsupportedTemplateError} for a pattern other than `{ $.name = "value" }` */
export function functionLogFilters(template: Template): ReadonlyMap<string, readonly MetricFilter[]> {
  return new Map(
    resourcesOf(template, 'AWS::Lambda::Function').map(([id, { LoggingConfig }]) => {
      const { LogGroup } = (LoggingConfig ?? {}) as { readonly LogGroup?: unknown };
      return [shortName(template, id), filtersOn(template, referencesIn(LogGroup)[0])];
    }),
  );
}

function filtersOn(template: Template, logGroup: string | undefined): readonly MetricFilter[] {
  return resourcesOf(template, 'AWS::Logs::MetricFilter')
    .filter(([, { LogGroupName }]) => logGroup !== undefined && referencesIn(LogGroupName)[0] === logGroup)
    .flatMap(([, { FilterPattern, MetricTransformations }]) => {
      const matches = parsePattern(String(FilterPattern));
      return (MetricTransformations as MetricTransformation[]).map((each) => ({
        metric: { namespace: each.MetricNamespace, name: each.MetricName, dimensions: {} },
        value: Number(each.MetricValue),
        matches,
      }));
    });
}

function parsePattern(pattern: string): MetricFilter['matches'] {
  const [, name, value] = /^\{ \$\.(\w+) = "([^"]*)" \}$/.exec(pattern) ?? [];
  if (name === undefined) throw new UnsupportedTemplateError(`the filter pattern ${pattern} is not known here`);
  return (line) => (line as Record<string, unknown>)[name] === value;
}
