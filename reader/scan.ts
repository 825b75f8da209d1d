// Reads a whole table in parallel segments.

import { type DynamoDBDocumentClient, ScanCommand, type ScanCommandInput } from '@aws-sdk/lib-dynamodb';

/** Segments that are read in parallel by default. */
export const DEFAULT_SEGMENTS = 4;

export interface ScanOptions extends Omit<ScanCommandInput, 'Segment' | 'TotalSegments' | 'ExclusiveStartKey'> {
  /** How many segments are read in parallel, at least 1. */
  readonly segments: number;
}

/**
 * Scans a table or index. Requests grow with the megabytes that the table has, and memory is needed for one page of each segment.
 *
 * @param onPage called with the items of each page, in no particular order
 * @throws what `onPage` or a request threw first; no request is sent after that
 */
export async function scanInParallel<T>(
  client: Pick<DynamoDBDocumentClient, 'send'>,
  { segments, ...input }: ScanOptions,
  onPage: (items: readonly T[]) => void,
): Promise<void> {
  let stopped = false;
  const readSegment = async (Segment: number) => {
    let ExclusiveStartKey: ScanCommandInput['ExclusiveStartKey'];
    do {
      const page = await client.send(
        new ScanCommand({
          ...input,
          Segment,
          TotalSegments: segments,
          ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
        }),
      );
      if (stopped) return;
      onPage((page.Items ?? []) as T[]);
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey && !stopped);
  };
  const read = Array.from({ length: segments }, (_, segment) =>
    readSegment(segment).catch((error) => {
      stopped = true;
      throw error;
    }),
  );
  await Promise.all(read);
}
