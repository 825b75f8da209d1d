// As much of CloudWatch's metric math as this product's template uses: arithmetic, comparisons, FILL(id, number), and
// IF(condition, value, otherwise).

/** The expression is none that is known here. */
export class MetricMathError extends Error {
  override readonly name = 'MetricMathError';
}

type Values = ReadonlyMap<string, number | undefined>;

/**
 * @param values of the metrics, by their id
 * @returns undefined where a metric that is needed has no data, or nothing comes out of it (as 0 / 0)
 * @throws {MetricMathError}
 */
export function evaluate(expression: string, values: Values): number | undefined {
  const tokens = expression.match(/\d+(?:\.\d+)?|[A-Za-z_]\w*|[<>]=?|[-+*/(),]|\S/g) ?? [];
  let position = 0;
  const take = (token: string) => {
    if (tokens[position] !== token) return false;
    position++;
    return true;
  };
  const expect = (token: string) => {
    if (!take(token)) throw new MetricMathError(`${token} is missing in ${expression}`);
  };

  // A comparison is 1 or 0, as in CloudWatch.
  const comparison = (): number | undefined => {
    const left = sum();
    if (take('>=')) return both(left, sum(), (a, b) => Number(a >= b));
    if (take('<=')) return both(left, sum(), (a, b) => Number(a <= b));
    if (take('>')) return both(left, sum(), (a, b) => Number(a > b));
    if (take('<')) return both(left, sum(), (a, b) => Number(a < b));
    return left;
  };
  const sum = (): number | undefined => {
    let left = product();
    for (;;) {
      if (take('+')) left = both(left, product(), (a, b) => a + b);
      else if (take('-')) left = both(left, product(), (a, b) => a - b);
      else return left;
    }
  };
  const product = (): number | undefined => {
    let left = operand();
    for (;;) {
      if (take('*')) left = both(left, operand(), (a, b) => a * b);
      else if (take('/')) left = both(left, operand(), (a, b) => a / b);
      else return left;
    }
  };
  const operand = (): number | undefined => {
    if (take('(')) {
      const value = comparison();
      expect(')');
      return value;
    }
    const token = tokens[position++] ?? '';
    if (/^\d/.test(token)) return Number(token);
    if (token === 'FILL') {
      expect('(');
      const value = operand();
      expect(',');
      const filler = operand();
      expect(')');
      return value ?? filler;
    }
    if (token === 'IF') {
      expect('(');
      const condition = comparison();
      expect(',');
      const value = comparison();
      expect(',');
      const otherwise = comparison();
      expect(')');
      if (condition === undefined) return undefined;
      return condition ? value : otherwise;
    }
    if (!values.has(token)) throw new MetricMathError(`${token} is not known in ${expression}`);
    return values.get(token);
  };

  const result = comparison();
  if (position < tokens.length) throw new MetricMathError(`${tokens[position]} is not known in ${expression}`);
  return result === undefined || !Number.isFinite(result) ? undefined : result;
}

function both(a: number | undefined, b: number | undefined, combine: (a: number, b: number) => number) {
  return a === undefined || b === undefined ? undefined : combine(a, b);
}
