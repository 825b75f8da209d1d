// What a request reads and writes.

/** The items that a request reads or writes, as texts; a query reads all items whose text begins with `prefix`. */
export interface Footprint {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly prefix?: string;
}

type Key = Readonly<Record<string, string>>;

interface Input {
  readonly TableName?: string;
  readonly Item?: Key;
  readonly Key?: Key;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys: Key[] } | { readonly PutRequest: { Item: Key } }[]>>;
  readonly ExpressionAttributeValues?: Key;
}

export function footprintOf(input: unknown): Footprint {
  const { TableName: table, Item, Key, RequestItems, ExpressionAttributeValues: values } = input as Input;
  const reads: string[] = [];
  const writes: string[] = [];
  for (const [name, requests] of Object.entries(RequestItems ?? {})) {
    if (Array.isArray(requests)) writes.push(...requests.map(({ PutRequest }) => itemText(name, PutRequest.Item)));
    else reads.push(...requests.Keys.map((key) => itemText(name, key)));
  }
  const written = Item ?? Key;
  if (written) writes.push(itemText(table!, written));
  if (RequestItems || written) return { reads, writes };
  return { reads, writes, prefix: [table, values![':pk'], values![':prefix'] ?? ''].join('\u0000') };
}

const KEYS: Readonly<Record<string, readonly string[]>> = {
  customers: ['customer_key'],
  transactions: ['transaction_id'],
  links: ['pk', 'sk'],
};

function itemText(table: string, item: Key): string {
  return [table, ...KEYS[table]!.map((name) => item[name])].join('\u0000');
}

export interface ItemAt {
  readonly table: string;
  readonly key: Key;
}

/** Where the item of a text is. */
export function itemAt(text: string): ItemAt {
  const [table, ...values] = text.split('\u0000');
  return { table: table!, key: Object.fromEntries(KEYS[table!]!.map((name, i) => [name, values[i]!])) };
}

export function isAboutRows({ reads, writes }: Footprint): boolean {
  return [...reads, ...writes].some((item) => item.startsWith('transactions\u0000'));
}

/** Only these are written before a worker recomputes rows. */
export function isLinkOrEvidence(item: string): boolean {
  const [table, , sortKey] = item.split('\u0000');
  return table === 'links' && (sortKey === 'link' || sortKey === 'evidence');
}
