// How long the console takes to show the first page of a table, however many rows the table has.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { fill } from './fill.js';
import { exponent } from './growth.js';
import { median, type Result, result } from './measure.js';
import { AWS, startStack } from './stack.js';

const FEW = 1_000;

/** @param starts of the stack: a console that has shown a list once keeps it, so each start shows it once */
export async function firstPages(rows: number, starts: number): Promise<Result[]> {
  const few = await firstPage(FEW, starts);
  const many = await firstPage(rows, starts);
  return [
    result({
      name: `console: first page of ${exponent(rows)} transactions`,
      unit: 'ms',
      ours: many,
      reference: few,
      referenceName: `of ${exponent(FEW)}`,
      goal: { bound: '<=', value: 100, of: 'value' },
    }),
  ];
}

/** @returns milliseconds from the request to the end of the page, the median */
async function firstPage(rows: number, starts: number): Promise<number> {
  const times: number[] = [];
  let stack = await startStack();
  try {
    const { dynamodbEndpoint, tables } = stack.file;
    const client = DynamoDBDocumentClient.from(new DynamoDBClient({ ...AWS, endpoint: dynamodbEndpoint }));
    await fill(client, tables.transactions, 0, rows);
    client.destroy();
    for (let i = 0; i < starts; i++) {
      if (i > 0) {
        await stack.stop();
        stack = await startStack([], stack.folder);
      }
      const open = async (path: string) => (await fetch(new URL(path, stack.file.consoleUrl!))).text();
      // Loads the console's code, as the first page of the console does, whichever it is.
      await open('/customers');
      const begin = performance.now();
      const page = await open('/transactions');
      times.push(performance.now() - begin);
      if (!page.includes('ch_fill_')) throw new Error('the console showed no transaction');
    }
  } finally {
    await stack.remove();
  }
  return median(times);
}
