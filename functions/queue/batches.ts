// Splits messages into batches that SQS accepts in one request.

/** SQS accepts at most ten messages in one request. */
const MAX_MESSAGES = 10;
/** And 1 MiB in all (1,048,576 bytes). The rest is left for what the request says about each message. */
const MAX_BYTES = 1_000_000;

/** A message that is too large for any batch gets a separate one. @param bytesOf the size of a message with its attributes */
export function inBatches<T>(messages: readonly T[], bytesOf: (message: T) => number): T[][] {
  const batches: T[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = bytesOf(message);
    const last = batches.at(-1);
    if (last && last.length < MAX_MESSAGES && bytes + size <= MAX_BYTES) {
      last.push(message);
      bytes += size;
    } else {
      batches.push([message]);
      bytes = size;
    }
  }
  return batches;
}
