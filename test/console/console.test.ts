// The console in a real browser, through clicks as a person would.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { subscribedTypes } from '../../functions/domain/decide.js';
import { CHROMIUM, launchBrowser, openPage, overflows, violations } from '../support/browser.js';
import { charge, customer, event } from '../support/events.js';
import { type LocalStackUnderTest, startStack, until } from '../support/local-stack.js';

const PAGES = ['', 'testing', 'feed', 'customers', 'transactions', 'partners', 'dashboard', 'dead-letters'];
const HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>';

if (!CHROMIUM) console.warn('There is no Chromium here: the console’s tests are skipped (set CHROMIUM to its path).');

(CHROMIUM ? describe : describe.skip)('the console', () => {
  let folder: string;
  let stack: LocalStackUnderTest;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  const url = (path = '') => `${stack.file.consoleUrl}${path}`;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'console-'));
    [stack, browser] = await Promise.all([startStack({ folder }), launchBrowser()]);
    ({ page, complaints } = await openPage(browser, { viewport: { width: 1440, height: 900 } }));
    // The clipboard needs a page of its own origin.
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(url()).origin });
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await stack?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const choose = (name: string) => page.getByRole('button', { name, exact: true }).click();
  async function send(name: string): Promise<string> {
    await choose(name);
    await choose('Sign and send');
    await page.locator('#send:not([disabled])').waitFor({ timeout: 30_000 });
    return page.locator('#story').innerText();
  }

  test('an empty stack says what to do next', async () => {
    for (const [path, words] of [
      ['feed', 'testing suite'],
      ['customers', 'npm run demo'],
      ['transactions', 'npm run demo'],
      ['partners', 'npm run demo'],
      ['dead-letters', 'There are none'],
    ] as const) {
      await page.goto(url(path));
      await page.locator('.empty', { hasText: words }).waitFor();
    }
  });

  test('set up: what is copied is what the stack takes', async () => {
    await page.goto(url());
    for (const type of subscribedTypes({ transactionSource: 'charge', disputes: 'lost' }))
      await page.getByText(type, { exact: true }).first().waitFor();
    const clipboard = () => page.evaluate('navigator.clipboard.readText()');
    await page.getByRole('button', { name: 'Copy the webhook URL' }).click();
    expect(await clipboard()).toBe(stack.file.webhookUrl);
    expect(await page.locator('#signing-secret').innerText()).not.toContain(stack.file.signingSecrets[0]!);
    await page.getByRole('button', { name: 'Copy the signing secret' }).click();
    expect(await clipboard()).toBe(stack.file.signingSecrets[0]);
    await page.getByRole('button', { name: 'Reveal' }).click();
    expect(await page.locator('#signing-secret').innerText()).toBe(stack.file.signingSecrets[0]);
    for (const language of ['Node.js', 'Python', 'Ruby', 'PHP', 'Java', 'Go']) {
      const section = page.locator('details', { has: page.locator('summary', { hasText: language }) });
      const code = await section.locator('code').allTextContents();
      expect(code).toHaveLength(2);
      for (const each of code) expect(each).toContain('customer_key');
      expect(code[1]).toContain('partner_key');
      expect(code[1]).toContain('product_key');
    }
  });

  test('the checks run from the page, and leave no rows', async () => {
    await page.goto(url('testing'));
    await choose('Run the checks');
    await page.locator('#verify-results li').nth(10).waitFor({ timeout: 60_000 });
    expect(await page.locator('#verify-results .bad').count()).toBe(0);
    await page.locator('#verify:not([disabled])').waitFor();
    expect((await stack.rows()).transactions).toEqual([]);
  }, 90_000);

  test('each event of the testing suite is followed from the request to the rows', async () => {
    await page.goto(url('testing'));
    const early = await send('Charge before its customer');
    expect(early).toMatch(/Request POST .*\/stripe\/webhook/);
    expect(early).toMatch(/Answer 200/);
    expect(early).toMatch(/Queue accepted/);
    expect(early).toMatch(/Worker recorded 20\.00 USD, waiting for its customer/);
    expect(await send('Customer')).toMatch(/Worker customer acme_\w+ updated, referred by ada/);
    const paid = await send('Charge');
    expect(paid).toMatch(/Worker recorded 20\.00 USD for acme_/);
    expect(paid).toMatch(/amount_net\s+–\s+2000/);
    expect(await send('Duplicate')).toMatch(/no change: a newer event/);
    expect(await send('Out of order')).toMatch(/no change: a newer event[\s\S]*nothing changed/);
    expect(await send('Partial capture')).toMatch(/recorded 12\.00 USD for acme_[\s\S]*amount_net\s+2000\s+1200/);
    expect(await send('Refund')).toMatch(/took the payment away \(refunded\)[\s\S]*status\s+recorded\s+deleted/);
    expect(await send('Failed payment')).toMatch(/took the payment away \(failed\)/);
    expect(await send('Invoice')).toMatch(/Answer 200[\s\S]*not used/);
    const forged = await send('Forged');
    expect(forged).toMatch(/Answer 400/);
    expect(forged).toMatch(/signature_invalid/);
  }, 120_000);

  test('an event can be written by hand, and what is not understood ends in the dead letters, from where it goes back', async () => {
    await page.goto(url('testing'));
    await choose('Charge');
    const broken = (await page.locator('#event').inputValue()).replace('"amount": 2000', '"amount": "much"');
    await page.locator('#event').fill(broken);
    await stack.post(event('charge.captured', charge({ id: 'ch_broken', amount: 'much' }), 0, 'evt_broken'));
    await choose('Sign and send');
    await page.locator('#story', { hasText: 'not understood' }).waitFor({ timeout: 20_000 });
    await page.locator('#dead-letters', { hasText: '2' }).waitFor({ timeout: 60_000 });

    await page.getByRole('link', { name: /Dead letters/ }).click();
    await page.getByRole('heading', { name: /charge.succeeded: the event's amount/ }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: /^Send back evt_paid/ }).click();
    await page.getByText('Done: 1 message.').waitFor();
    expect(await page.getByRole('button', { name: /^Send back evt_/ }).count()).toBe(1);
    await page.getByRole('link', { name: 'evt_broken' }).waitFor();
    await page.locator('summary', { hasText: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await page.getByText('There are none').waitFor();
    // What was sent back is tried again, and comes back.
    await page.locator('#dead-letters', { hasText: '1' }).waitFor({ timeout: 60_000 });
  }, 150_000);

  test('the live feed shows what comes while one looks, in words; it can be filtered and held', async () => {
    await page.goto(url('feed'));
    await page.locator('#entries tr').first().waitFor();
    await stack.post(
      event(
        'customer.created',
        customer('bolt', { metadata: { customer_key: 'bolt', partner_key: 'grace' } }),
        0,
        'evt_live',
      ),
    );
    const row = page.locator('#entries tr', { hasText: 'customer bolt updated, referred by grace' });
    await row.waitFor({ timeout: 20_000 });
    await page.getByRole('searchbox', { name: 'Filter' }).fill('forged or not: no such words');
    await row.waitFor({ state: 'hidden' });
    await page.getByRole('searchbox', { name: 'Filter' }).fill('bolt');
    await row.waitFor({ state: 'visible' });
    await choose('Pause');
    await stack.post('{}', { signature: null });
    await page.getByText(/paused, 1 held back/).waitFor({ timeout: 10_000 });
    await page.getByRole('searchbox', { name: 'Filter' }).fill('');
    await choose('Resume');
    await page.locator('#entries tr', { hasText: 'refused: signature_missing' }).first().waitFor();

    await page.getByRole('searchbox', { name: 'Filter' }).fill('bolt');
    await row.getByRole('link').click();
    await page.getByRole('heading', { name: 'Timeline' }).waitFor();
    const text = await page.locator('main').innerText();
    expect(text).toMatch(/webhook answered 200 in \d+ ms/);
    expect(text).toMatch(/ingest queued/);
    expect(text).toMatch(/worker customer/);
    const payload = page.locator('section[aria-labelledby=payload] code');
    expect(await payload.innerText()).not.toContain('a@example.com');
    await page.getByRole('link', { name: 'Reveal' }).click();
    expect(await payload.innerText()).toContain('a@example.com');
  }, 90_000);

  test('a hostile name is just a name, everywhere', async () => {
    const metadata = { customer_key: HOSTILE, partner_key: HOSTILE };
    await stack.post(
      event('customer.created', customer(HOSTILE, { id: 'cus_hostile', name: HOSTILE, metadata }), 0, 'evt_hostile'),
    );
    await stack.settled();
    for (const path of [
      'customers',
      'partners',
      'feed',
      'events/evt_hostile?reveal=1',
      `customers/${encodeURIComponent(HOSTILE)}`,
      `customers?q=${encodeURIComponent(HOSTILE)}`,
      `partners?partner=${encodeURIComponent(HOSTILE)}`,
    ]) {
      await page.goto(url(path));
      // The status line comes by the stream: then all scripts have run.
      await page.locator('#state', { hasText: 'nothing in the queue' }).waitFor();
      expect(await page.locator('main script, main img').count()).toBe(0);
    }
    await page.goto(url(`customers?q=${encodeURIComponent(HOSTILE)}`));
    await page.getByRole('link', { name: HOSTILE }).click();
    expect(await page.locator('h1').innerText()).toBe(HOSTILE);
  }, 60_000);

  test('rows are found by any id or key; what was deleted says why; CSV holds them all', async () => {
    await page.goto(url('transactions'));
    const deleted = page.locator('tr.deleted', { hasText: 'deleted: refunded' });
    await deleted.first().waitFor();
    const id = await deleted.first().getByRole('link').innerText();
    const run = id.split('_').at(-1)!;
    const search = async (query: string, path = 'transactions') => {
      await page.goto(url(path));
      await page.getByRole('searchbox', { name: 'Search' }).fill(query);
      await page.keyboard.press('Enter');
      await page.waitForURL(/q=/);
      return page.locator('#results').innerText();
    };
    expect(await search(id)).toContain('deleted: refunded');
    expect(await search(`pi_early_${run}`)).toContain(`ch_early_${run}`);
    expect(await search(`evt_early_${run}`)).toContain(`ch_early_${run}`);
    expect(await search(`cus_${run}`, 'customers')).toContain(`acme_${run}`);
    expect(await search('ada', 'customers')).toContain(`acme_${run}`);
    expect(await search('Acme Inc.', 'customers')).toContain(`acme_${run}`);
    expect(await search('nobody at all')).toContain('Nothing here is called nobody at all');

    await page.goto(url('transactions'));
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download CSV' }).click(),
    ]);
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\n');
    const rows = (await stack.rows()).transactions;
    expect(lines).toHaveLength(rows.length + 1);
    for (const { transaction_id } of rows)
      expect(lines.some((line) => line.startsWith(`${transaction_id},`))).toBe(true);
  }, 60_000);

  test('partners: amounts by product and month, for each currency by itself', async () => {
    for (const [n, currency] of ['eur', 'jpy'].entries()) {
      await stack.post({
        ...event(
          'charge.succeeded',
          charge({
            id: `ch_${currency}`,
            currency,
            amount: 4500,
            amount_captured: 4500,
            metadata: { product_key: 'gold' },
          }),
          n,
        ),
      });
    }
    await stack.settled();
    await page.goto(url('partners'));
    await page.getByRole('heading', { name: /EUR 45\.00 EUR in all/ }).waitFor();
    await page.getByRole('heading', { name: /JPY 4500 JPY in all/ }).waitFor();
    const table = page.getByRole('region', { name: 'Amounts in EUR' });
    expect(await table.innerText()).toMatch(/grace\s+gold\s+2025-06\s+1\s+45\.00 EUR/);
    expect(await page.locator('figure svg[role=img] rect').count()).toBeGreaterThan(1);
  }, 60_000);

  test('the dashboard draws the template’s widgets with what the functions emitted, and the alarms with their state', async () => {
    await page.goto(url('dashboard'));
    await page.locator('.graph canvas').first().waitFor();
    const heading = page.getByRole('heading', { name: '200 responses' });
    const widget = page.locator('section.widget', { has: heading });
    await widget.getByText('As a table').click();
    const queued = widget.locator('tr', { hasText: 'EventsQueued' }).locator('td').last();
    await until(async () => Number(await queued.innerText()) > 0, 10_000);
    const alarms = page.locator('#alarm-states li');
    expect(await alarms.count()).toBe(14);
    expect(await alarms.filter({ hasText: 'Worker errors' }).innerText()).toBe('OK Worker errors');
    // Somebody tries signatures: 20 % of the requests within three times five minutes is needed for the alarm to go off.
    expect(await alarms.filter({ hasText: 'Refused' }).innerText()).toBe('OK Refused');
  }, 60_000);

  test.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 390],
    ['dark', 390],
  ] as const)(
    'axe finds nothing, and nothing is cut off: %s, %d px',
    async (colorScheme, width) => {
      const opened = await openPage(browser, { colorScheme, viewport: { width, height: 844 } });
      for (const path of [...PAGES, 'events/evt_live', 'customers/bolt', 'transactions/ch_eur', 'nowhere']) {
        await opened.page.goto(url(path));
        await opened.page.locator('#state', { hasText: 'nothing in the queue' }).waitFor();
        if (path === 'partners') await opened.page.locator('figure').first().waitFor();
        expect([path, await violations(opened.page), await overflows(opened.page)]).toEqual([path, [], false]);
      }
      expect(opened.complaints.filter((each) => !/404/.test(each))).toEqual([]);
      await opened.page.context().close();
    },
    90_000,
  );

  test('everything is reached by keyboard alone', async () => {
    await page.goto(url('testing'));
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('verify');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(JSON.parse(await page.locator('#event').inputValue()).type).toBe('customer.created');
  }, 30_000);

  test('a page that is open finds the stack again after it was stopped and started', async () => {
    await page.goto(url('feed'));
    await page.locator('#entries tr').first().waitFor();
    const port = Number(new URL(stack.file.webhookUrl).port);
    const before = stack.file.consoleUrl;
    await stack.stop();
    await page.locator('#state', { hasText: 'The stack has stopped' }).waitFor({ timeout: 20_000 });
    stack = await startStack({ folder, port });
    expect(stack.file.consoleUrl).toBe(before);
    await page.locator('#state', { hasText: 'Running on this machine' }).waitFor({ timeout: 30_000 });
    // What was logged before is there again, and what comes now is shown.
    await page.locator('#entries tr', { hasText: 'cus_hostile' }).first().waitFor();
    await stack.post(
      event(
        'customer.created',
        customer('cord', { id: 'cus_cord', metadata: { customer_key: 'cord' } }),
        0,
        'evt_again',
      ),
    );
    await page.locator('#entries tr', { hasText: 'customer cord updated' }).waitFor({ timeout: 20_000 });
  }, 120_000);

  test('no page complained, and nothing came from anywhere else', () => {
    expect(complaints.filter((each) => !/400|404/.test(each))).toEqual([]);
  });
});
