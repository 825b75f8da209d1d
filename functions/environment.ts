// The environment variables that the stack gives to its functions.

/** @throws where one is missing: the function was not deployed by its stack */
export function requiredEnvironment<N extends string>(names: readonly N[]): Record<N, string> {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length > 0) throw new Error(`environment variables missing: ${missing.join(', ')}`);
  return Object.fromEntries(names.map((name) => [name, process.env[name]])) as Record<N, string>;
}
