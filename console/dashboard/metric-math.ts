// The part of CloudWatch's metric math that the template uses: arithmetic, comparisons, FILL(value, number) and
// IF(condition, value, otherwise).

/** The expression uses something that is not supported here. */
export class MetricMathError extends Error {
  override readonly name = 'MetricMathError';
}

type Value = number | undefined;

/**
 * @param values of the metrics, by their ID
 * @returns undefined if a metric that the expression needs has no data, or the result is not finite (as 0 / 0)
 * @throws {MetricMathError}
 */
export function evaluate(expression: string, values: ReadonlyMap<string, Value>): Value {
  const tokens = expression.match(/\d+(?:\.\d+)?|[A-Za-z_]\w*|[<>]=?|[-+*/(),]|\S/g) ?? [];
  const parser: Parser = { expression, tokens, position: 0, values };
  const result = comparison(parser);
  if (parser.position < tokens.length) throw unknown(parser, tokens[parser.position]!);
  return result === undefined || !Number.isFinite(result) ? undefined : result;
}

interface Parser {
  readonly expression: string;
  readonly tokens: readonly string[];
  position: number;
  readonly values: ReadonlyMap<string, Value>;
}

/** 1 or 0, as in CloudWatch. */
function comparison(parser: Parser): Value {
  const left = sum(parser);
  if (accept(parser, '>=')) return combine(left, sum(parser), (a, b) => Number(a >= b));
  if (accept(parser, '<=')) return combine(left, sum(parser), (a, b) => Number(a <= b));
  if (accept(parser, '>')) return combine(left, sum(parser), (a, b) => Number(a > b));
  if (accept(parser, '<')) return combine(left, sum(parser), (a, b) => Number(a < b));
  return left;
}

function sum(parser: Parser): Value {
  let left = product(parser);
  for (;;) {
    if (accept(parser, '+')) left = combine(left, product(parser), (a, b) => a + b);
    else if (accept(parser, '-')) left = combine(left, product(parser), (a, b) => a - b);
    else return left;
  }
}

function product(parser: Parser): Value {
  let left = operand(parser);
  for (;;) {
    if (accept(parser, '*')) left = combine(left, operand(parser), (a, b) => a * b);
    else if (accept(parser, '/')) left = combine(left, operand(parser), (a, b) => a / b);
    else return left;
  }
}

function operand(parser: Parser): Value {
  if (accept(parser, '(')) {
    const value = comparison(parser);
    expect(parser, ')');
    return value;
  }
  const token = parser.tokens[parser.position++] ?? '';
  if (/^\d/.test(token)) return Number(token);
  if (token === 'FILL') return fill(parser);
  if (token === 'IF') return conditional(parser);
  if (!parser.values.has(token)) throw unknown(parser, token);
  return parser.values.get(token);
}

function fill(parser: Parser): Value {
  const [value, filler] = operands(parser, 2);
  return value ?? filler;
}

function conditional(parser: Parser): Value {
  const [condition, value, otherwise] = operands(parser, 3);
  if (condition === undefined) return undefined;
  return condition ? value : otherwise;
}

/** The operands of a function, in parentheses. */
function operands(parser: Parser, count: number): Value[] {
  return Array.from({ length: count }, (_, i) => {
    expect(parser, i === 0 ? '(' : ',');
    const value = comparison(parser);
    if (i === count - 1) expect(parser, ')');
    return value;
  });
}

function accept(parser: Parser, token: string): boolean {
  if (parser.tokens[parser.position] !== token) return false;
  parser.position++;
  return true;
}

function expect(parser: Parser, token: string): void {
  if (!accept(parser, token)) throw new MetricMathError(`${token} is missing in ${parser.expression}`);
}

function unknown({ expression }: Parser, token: string): MetricMathError {
  return new MetricMathError(`${token || 'the end'} is unexpected in ${expression}`);
}

function combine(a: Value, b: Value, compute: (a: number, b: number) => number): Value {
  return a === undefined || b === undefined ? undefined : compute(a, b);
}
