// Customers and transactions, in a real browser.

import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { charge, customer, event, NOON } from '../support/builders/events.js';
import { type ConsoleUnderTest, describeInBrowser, startConsole } from '../support/stack/browser.js';

const CHARGES = 120;
const DAY = 86_400;
const id = (i: number) => `ch_${String(i).padStart(3, '0')}`;

let console: ConsoleUnderTest;
beforeAll(async () => {
  console = await startConsole();
  const { stack } = console;
  await stack.post(
    event(
      'customer.created',
      customer('acme', { name: 'Acme Inc.', metadata: { customer_key: 'acme', partner_key: 'ada' } }),
    ),
  );
  await stack.post({
    ...event('customer.created', customer('live', { id: 'cus_live', livemode: true })),
    livemode: true,
  });
  for (let i = 0; i < CHARGES; i++) {
    const fields = { id: id(i), created: NOON + i * DAY, payment_intent: `pi_${i}` };
    await stack.post(event('charge.succeeded', charge(fields), 0, `evt_ch_${i}`));
  }
  await stack.post(event('charge.refunded', charge({ id: 'ch_refunded', amount_refunded: 2000, refunded: true })));
  await stack.post(event('charge.succeeded', charge({ id: 'ch_waiting', customer: 'cus_unknown' })));
  await stack.post({
    ...event('charge.succeeded', charge({ id: 'ch_live', customer: 'cus_live', livemode: true })),
    livemode: true,
  });
  await stack.settled();
}, 120_000);
afterAll(() => console?.stop());
const shownIds = () => console.page.locator('tbody th[scope=row]').allInnerTexts();
const newest = (from: number, length: number) => Array.from({ length }, (_, i) => id(from - i));
async function search(query: string, path = 'transactions') {
  const { page, visit } = console;
  await visit(path);
  await page.getByRole('searchbox', { name: 'Search' }).fill(query);
  await page.keyboard.press('Enter');
  await page.waitForURL(/q=/);
  return page.locator('#results').innerText();
}
async function download(): Promise<string[]> {
  const { page } = console;
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download CSV' }).click(),
  ]);
  return readFileSync(await file.path(), 'utf8')
    .trimEnd()
    .split('\n');
}

describeInBrowser('a table in pages', () => {
  test('transactions are listed newest first, with Next and Previous', async () => {
    const { page, visit } = console;
    await visit('transactions');
    expect(await shownIds()).toEqual(newest(119, 50));
    await page.getByText('1–50 of 123 transactions').waitFor();
    expect(await page.getByRole('link', { name: 'Previous page' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Next page' }).click();
    await page.getByText('51–100 of 123').waitFor();
    expect(await shownIds()).toEqual(newest(69, 50));
    await page.getByRole('link', { name: 'Next page' }).click();
    await page.getByText('101–123 of 123').waitFor();
    expect(await page.getByRole('link', { name: 'Next page' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Previous page' }).click();
    await page.getByText('51–100 of 123').waitFor();
    expect(await shownIds()).toEqual(newest(69, 50));
    await page.getByRole('link', { name: 'Previous page' }).click();
    await page.getByText('1–50 of 123').waitFor();
    expect(await shownIds()).toEqual(newest(119, 50));
  }, 60_000);

  test('a customer’s transactions are paged the same way', async () => {
    const { page, visit } = console;
    await visit('customers');
    await page.getByRole('link', { name: 'acme' }).click();
    await page.getByRole('heading', { name: 'Acme Inc.' }).waitFor();
    expect(await shownIds()).toEqual(newest(119, 50));
    await page.getByRole('link', { name: 'Next page' }).click();
    await page.waitForURL(/after=/);
    await page.getByRole('link', { name: 'Next page' }).click();
    await page.getByRole('link', { name: id(19), exact: true }).waitFor();
    expect(await shownIds()).toEqual(newest(19, 20));
    await page.getByRole('link', { name: 'Previous page' }).click();
    await page.waitForURL(/before=/);
    expect(await shownIds()).toEqual(newest(69, 50));
    await page.getByRole('link', { name: 'Previous page' }).click();
    await page.getByRole('link', { name: id(119), exact: true }).waitFor();
    expect(await shownIds()).toEqual(newest(119, 50));
    expect(await page.getByRole('link', { name: 'Previous page' }).count()).toBe(0);
  }, 60_000);
});

describeInBrowser('the rows of a table', () => {
  test('rows are found by any whole ID or key', async () => {
    expect(await search('ch_refunded')).toContain('deleted: refunded');
    expect(await search('pi_7')).toContain(id(7));
    expect(await search('evt_ch_7')).toContain(id(7));
    expect(await search('cus_a', 'customers')).toContain('acme');
    expect(await search('ada', 'customers')).toContain('acme');
    expect(await search('Acme Inc.', 'customers')).toContain('acme');
    expect(await search('nobody at all')).toContain('No transaction matches nobody at all');
  }, 60_000);

  test('CSV has all rows, newest first, or those that match the search, the state and the mode', async () => {
    const { page, visit } = console;
    await visit('transactions');
    const all = await download();
    expect(all).toHaveLength(CHARGES + 4);
    expect(all[1]).toMatch(new RegExp(`^${id(119)},recorded,charge,`));
    await search('pi_7');
    expect((await download()).slice(1)).toEqual([expect.stringMatching(new RegExp(`^${id(7)},`))]);
    await visit('transactions');
    await page.getByRole('combobox', { name: 'State' }).selectOption('deleted');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.waitForURL(/state=deleted/);
    expect(await shownIds()).toEqual(['ch_refunded']);
    expect((await download()).slice(1)).toEqual([expect.stringMatching(/^ch_refunded,deleted: refunded,/)]);
    await visit('transactions?state=waiting');
    expect(await shownIds()).toEqual(['ch_waiting']);
  }, 60_000);

  test('rows are marked live or test, and can be filtered by mode', async () => {
    const { page, visit } = console;
    await visit('transactions');
    await page.getByRole('combobox', { name: 'Mode' }).selectOption('live');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.waitForURL(/mode=live/);
    expect(await shownIds()).toEqual(['ch_live']);
    expect(await page.locator('tbody td .mode').allInnerTexts()).toEqual(['live']);
    expect((await download()).slice(1)).toEqual([expect.stringMatching(/^ch_live,/)]);
    await page.getByRole('link', { name: 'Customers' }).click();
    await page.getByRole('combobox', { name: 'Mode' }).selectOption('test');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await page.waitForURL(/mode=test/);
    expect(await shownIds()).toEqual(['acme']);
  }, 60_000);

  test('the page of a row that does not exist says so', async () => {
    const { page } = console;
    await page.goto(console.url('transaction?id=ch_nowhere'));
    await page.getByText('There is no transaction ch_nowhere.').waitFor();
    await page.goto(console.url('customer?key=nobody'));
    await page.getByText('There is no customer nobody.').waitFor();
  });
});
