// What DynamoDB counts, by the sizes of the items
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html and .../GSI.html).

import type { AttributeValue } from '@aws-sdk/client-dynamodb';

export type AttributeMap = Readonly<Record<string, AttributeValue>>;

export interface Table {
  readonly KeySchema: readonly { readonly AttributeName: string }[];
  readonly GlobalSecondaryIndexes?: readonly {
    readonly KeySchema: readonly { readonly AttributeName: string }[];
    readonly Projection: { readonly ProjectionType: string; readonly NonKeyAttributes?: readonly string[] };
  }[];
}

/** Bytes of an item: of its names in UTF-8 and of its values. */
export function itemSize(item: AttributeMap): number {
  return Object.entries(item).reduce((total, [name, value]) => total + Buffer.byteLength(name) + valueSize(value), 0);
}

function valueSize(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  // About half a byte for each significant digit, and one.
  if (value.N !== undefined) return Math.ceil(value.N.replace(/^-|\.|0+$/g, '').length / 2) + 1;
  if (value.BOOL !== undefined || value.NULL !== undefined) return 1;
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + itemSize(value.M);
  if (value.L !== undefined) return 3 + value.L.reduce((total, each) => total + 1 + valueSize(each), 0);
  throw new Error('a value of a kind that no row has');
}

function unitsOf(bytes: number, unit: number): number {
  return Math.max(1, Math.ceil(bytes / unit));
}

/** Write units of a write: the larger of the items before and after counts; an index counts if its part of the item changed. */
export function writeUnits(table: Table, before: AttributeMap | undefined, after: AttributeMap | undefined) {
  const larger = Math.max(before ? itemSize(before) : 0, after ? itemSize(after) : 0);
  let indexes = 0;
  for (const index of table.GlobalSecondaryIndexes ?? []) {
    const keys = index.KeySchema.map(({ AttributeName }) => AttributeName);
    const [old, now] = [before, after].map((item) => project(table, index, keys, item));
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    const size = (item: AttributeMap | undefined) => (item ? unitsOf(itemSize(item), 1024) : 0);
    const isMoved = old && now && keys.some((key) => JSON.stringify(old[key]) !== JSON.stringify(now[key]));
    // Where the key changes the old entry is deleted and a new one put.
    indexes += isMoved ? size(old) + size(now) : Math.max(size(old), size(now));
  }
  return { table: unitsOf(larger, 1024), indexes };
}

/** The part of an item that an index holds; none where a key of the index is absent. */
function project(
  table: Table,
  index: NonNullable<Table['GlobalSecondaryIndexes']>[number],
  keys: readonly string[],
  item: AttributeMap | undefined,
): AttributeMap | undefined {
  if (!item || keys.some((key) => item[key] === undefined)) return undefined;
  if (index.Projection.ProjectionType === 'ALL') return sorted(item, Object.keys(item));
  const kept = [
    ...table.KeySchema.map(({ AttributeName }) => AttributeName),
    ...keys,
    ...(index.Projection.NonKeyAttributes ?? []),
  ];
  return sorted(item, kept);
}

function sorted(item: AttributeMap, names: readonly string[]): AttributeMap {
  return Object.fromEntries(
    [...new Set(names)]
      .sort()
      .filter((name) => item[name] !== undefined)
      .map((name) => [name, item[name]!]),
  );
}

/** Read units of a read, strongly consistent where it asked for that. */
export function readUnits(name: string, input: Record<string, unknown>, output: Record<string, unknown>): number {
  const factor = (consistent: unknown) => (consistent === true ? 1 : 0.5);
  const ofItem = (item: AttributeMap | undefined) => unitsOf(item ? itemSize(item) : 0, 4096);
  switch (name) {
    case 'GetItem':
      return factor(input.ConsistentRead) * ofItem(output.Item as AttributeMap | undefined);
    case 'Query': {
      const items = (output.Items ?? []) as AttributeMap[];
      return (
        factor(input.ConsistentRead) *
        unitsOf(
          items.reduce((total, item) => total + itemSize(item), 0),
          4096,
        )
      );
    }
    case 'BatchGetItem':
      // Each item is rounded up separately; a missing item costs one unit as well.
      return Object.entries(input.RequestItems as Record<string, { Keys: unknown[]; ConsistentRead?: boolean }>).reduce(
        (total, [table, { Keys, ConsistentRead }]) => {
          const found = ((output.Responses as Record<string, AttributeMap[]>)[table] ?? []).map(ofItem);
          const missing = Keys.length - found.length;
          return total + factor(ConsistentRead) * (found.reduce((a, b) => a + b, 0) + missing);
        },
        0,
      );
    default:
      return 0;
  }
}
