// The template's metric filters on the access log, applied as CloudWatch Logs applies them.

import { apiStageOf } from '../../local/api-stage.js';
import { referencesIn, resourcesOf, type Template, UnsupportedTemplateError } from '../../local/template.js';
import type { MetricName } from './metric-names.js';

interface MetricTransformation {
  readonly MetricNamespace: string;
  readonly MetricName: string;
  readonly MetricValue: string;
}

interface MetricFilter {
  readonly metric: MetricName;
  readonly value: number;
  readonly matches: (line: string) => boolean;
}

/** @throws {UnsupportedTemplateError} for a pattern other than `{ $.name = "value" }` */
export function accessLogFilters(template: Template): readonly MetricFilter[] {
  const { accessLogGroup } = apiStageOf(template);
  return resourcesOf(template, 'AWS::Logs::MetricFilter')
    .filter(([, { LogGroupName }]) => referencesIn(LogGroupName)[0] === accessLogGroup)
    .flatMap(([, { FilterPattern, MetricTransformations }]) => {
      const matches = parsePattern(String(FilterPattern));
      return (MetricTransformations as MetricTransformation[]).map((each) => ({
        metric: { namespace: each.MetricNamespace, name: each.MetricName, dimensions: {} },
        value: Number(each.MetricValue),
        matches,
      }));
    });
}

/** A line that is not JSON matches no such pattern. */
function parsePattern(pattern: string): MetricFilter['matches'] {
  const [, name, value] = /^\{ \$\.(\w+) = "([^"]*)" \}$/.exec(pattern) ?? [];
  if (name === undefined) throw new UnsupportedTemplateError(`the filter pattern ${pattern} is not known here`);
  return (line) => {
    try {
      return JSON.parse(line)[name] === value;
    } catch {
      return false;
    }
  };
}
