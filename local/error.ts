/** The local stack cannot start; the message says what to do. */
export class LocalStackError extends Error {
  override readonly name = 'LocalStackError';
}
