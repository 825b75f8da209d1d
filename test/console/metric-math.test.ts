// CloudWatch's arithmetic, as far as the template uses it.

import { expect, test } from '@jest/globals';
import { evaluate, MetricMathError } from '../../console/dashboard/metric-math.js';

const values = new Map<string, number | undefined>([
  ['a', 6],
  ['b', 2],
  ['none', undefined],
]);

test.each([
  ['a + b * 2', 10],
  ['(a + b) * 2', 16],
  ['a - b - 1', 3],
  ['a / b / 3', 1],
  ['100 * a / (a + b)', 75],
  ['1.5 * b', 3],
  ['a >= 6', 1],
  ['a > 6', 0],
  ['b < a', 1],
  ['none <= 1', undefined],
  ['IF(a + b >= 8, 100 * a / b, 0)', 300],
  ['IF(a + b >= 9, 100 * a / b, 0)', 0],
  ['IF(none, 1, 2)', undefined],
  ['a + none', undefined],
  ['FILL(none, 0) + a', 6],
  ['FILL(a, 0) / FILL(none, 4)', 1.5],
  ['a / (b - 2)', undefined],
])('%s', (expression, expected) => {
  expect(evaluate(expression, values)).toBe(expected);
});

test.each(['a +', 'c', '(a', 'a b', 'FILL(a)', 'REPEAT(a)', 'a $ b', ''])('%j is reported as unknown', (expression) => {
  expect(() => evaluate(expression, values)).toThrow(MetricMathError);
});
