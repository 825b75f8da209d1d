// What a step of the rehearsal holds its stage to.

/** What must come true did not. */
export class RehearsalError extends Error {
  override readonly name = 'RehearsalError';
}

export function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new RehearsalError(otherwise);
}

export function expectSame(found: unknown, expected: unknown): void {
  const text = (value: unknown) => JSON.stringify(value);
  expect(text(found) === text(expected), `found ${text(found)} instead of ${text(expected)}`);
}

export async function until(what: string, seconds: number, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await holds()); await sleep(100))
    expect(Date.now() < end, `not within ${seconds} s: ${what}`);
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
