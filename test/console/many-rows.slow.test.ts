// The console with many transactions: every page answers, and paging lists each row once.
//
// MANY_ROWS=100000 npm run test:slow -- many-rows     with more of them.

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { CHROMIUM, launchBrowser, openPage } from '../support/stack/browser.js';
import { type LocalStackUnderTest, startStack } from '../support/stack/local-stack.js';

const TRANSACTIONS = Number(process.env.MANY_ROWS ?? 60_000);
const CUSTOMERS = 1_000;
const PARTNERS = 20;

if (!CHROMIUM) console.warn('There is no Chromium here: the console’s test with many rows is skipped.');

(CHROMIUM ? describe : describe.skip)(`with ${TRANSACTIONS.toLocaleString('en')} transactions`, () => {
  let stack: LocalStackUnderTest;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    [stack, browser] = await Promise.all([startStack(), launchBrowser()]);
    await fill(stack);
    ({ page } = await openPage(browser));
    page.setDefaultTimeout(60_000);
  }, 300_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
  });

  const url = (path: string) => `${stack.file.consoleUrl}${path}`;

  test('the list shows its progress, then the newest rows first, and paging lists each row once', async () => {
    await page.goto(url('transactions'));
    await page.getByText(/rows read/).waitFor();
    await page.getByText(`1–50 of ${TRANSACTIONS.toLocaleString('en')} transactions`).waitFor();
    expect(await page.locator('tbody th[scope=row]').first().innerText()).toBe(`ch_${TRANSACTIONS - 1}`);
    await page.getByRole('link', { name: 'Next page' }).click();
    await page.getByRole('link', { name: `ch_${TRANSACTIONS - 51}`, exact: true }).waitFor();

    // The same way without drawing, to the end.
    const ids = new Set<string>();
    let next: string | undefined = 'transactions';
    let rows = 0;
    while (next) {
      const text: string = await (await fetch(url(next))).text();
      if (text.includes('data-reading')) continue;
      for (const [, id] of text.matchAll(/<th scope="row"><a href="\/transaction\?id=([^"]+)"/g)) {
        ids.add(id!);
        rows++;
      }
      next = /<a class="button" rel="next" href="\/([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    }
    expect([rows, ids.size]).toEqual([TRANSACTIONS, TRANSACTIONS]);
  }, 600_000);

  test('a search covers the whole table', async () => {
    await page.goto(url(`transactions?q=pi_${TRANSACTIONS - 1}`));
    await page.getByRole('link', { name: `ch_${TRANSACTIONS - 1}`, exact: true }).waitFor();
    await page.goto(url('transactions?q=pi_nowhere'));
    await page.getByText('No transaction matches pi_nowhere').waitFor();
    await page.goto(url('transactions?state=deleted'));
    await page.getByText(`1–50 of ${DELETED} transactions`).waitFor();
  }, 300_000);

  test('the report shows its progress, then adds up all rows', async () => {
    await page.goto(url('partners'));
    await page.getByText(/transactions read/).waitFor();
    await page.getByRole('heading', { name: /^USD/ }).waitFor({ timeout: 120_000 });
    const counts = await page.locator('td:nth-child(4)').allInnerTexts();
    const sum = counts.reduce((total, text) => total + Number(text.replaceAll(',', '')), 0);
    expect(sum).toBe(TRANSACTIONS - DELETED);
  }, 300_000);

  test('the CSV has all rows', async () => {
    const text = await (await fetch(url('transactions.csv'))).text();
    expect(text.trimEnd().split('\n')).toHaveLength(TRANSACTIONS + 1);
  }, 300_000);
});

const DELETED = TRANSACTIONS / 600;

async function fill({ file }: LocalStackUnderTest) {
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({
      region: file.region,
      endpoint: file.dynamodbEndpoint,
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    }),
  );
  const write = async (table: string, rows: readonly object[]) => {
    const batches = Array.from({ length: Math.ceil(rows.length / 25) }, (_, i) => rows.slice(i * 25, (i + 1) * 25));
    const work = async () => {
      for (let batch = batches.pop(); batch; batch = batches.pop())
        await client.send(
          new BatchWriteCommand({ RequestItems: { [table]: batch.map((Item) => ({ PutRequest: { Item } })) } }),
        );
    };
    await Promise.all([work(), work(), work(), work()]);
  };
  await write(
    file.tables.customers,
    Array.from({ length: CUSTOMERS }, (_, i) => ({
      customer_key: `customer_${i}`,
      partner_key: `partner_${i % PARTNERS}`,
      stripe_customer_id: `cus_${i}`,
    })),
  );
  await write(
    file.tables.transactions,
    Array.from({ length: TRANSACTIONS }, (_, i) => {
      const about = { transaction_id: `ch_${i}`, created: 1_750_000_000 + i * 60, source: 'charge', livemode: false };
      if (i % (TRANSACTIONS / DELETED) === 0)
        return { ...about, status: 'deleted', deleted_reason: 'refunded', amount: 100, currency: 'usd' };
      return {
        ...about,
        status: 'recorded',
        amount: 100,
        amount_refunded: 0,
        amount_net: 100,
        currency: 'usd',
        customer_key: `customer_${i % CUSTOMERS}`,
        payment_intent_id: `pi_${i}`,
      };
    }),
  );
  client.destroy();
}
