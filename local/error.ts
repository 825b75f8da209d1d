/** The local stack cannot start as it was asked to; the message says what to do. */
export class LocalStackError extends Error {
  override readonly name = 'LocalStackError';
}
