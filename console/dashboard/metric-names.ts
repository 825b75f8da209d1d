// The name of a metric on this machine.

export interface MetricName {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** On AWS an alias is invoked in place of its function; the local stack has none. */
export function localName(
  namespace: string,
  name: string,
  { Resource: _, ...dimensions }: Readonly<Record<string, string>>,
): MetricName {
  return { namespace, name, dimensions };
}
