// The live feed, the page of one event and the dead letters, in a real browser.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { charge, customer, event, NOON } from '../support/builders/events.js';
import { type ConsoleUnderTest, describeInBrowser, startConsole, violations } from '../support/stack/browser.js';
import { startStack } from '../support/stack/local-stack.js';

let folder: string;
let console: ConsoleUnderTest;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'console-'));
  console = await startConsole({ folder });
}, 120_000);
afterAll(async () => {
  await console?.stop();
  rmSync(folder, { recursive: true, force: true });
});
const filter = () => console.page.getByRole('searchbox', { name: 'Filter' });
const entry = (text: string) => console.page.locator('#entries tr', { hasText: text });
const state = () => console.page.locator('#feed-state').innerText();
const referred = customer('bolt', { metadata: { customer_key: 'bolt', partner_key: 'grace' } });

describeInBrowser('the live feed', () => {
  test('shows each event as it arrives, in words, and filters them', async () => {
    const { page, stack, visit } = console;
    await visit('feed');
    await page.locator('.empty', { hasText: 'testing suite' }).waitFor();
    await stack.post(event('customer.created', referred, 0, 'evt_live'));
    await entry('customer bolt updated; this event names the partner grace').waitFor({ timeout: 20_000 });
    await stack.post(event('charge.succeeded', charge({ amount: 1234500, amount_captured: 1234500 }), 0, 'evt_paid'));
    await entry('recorded 12,345.00 USD for bolt').waitFor({ timeout: 20_000 });
    await filter().fill('no such words');
    await entry('names the partner grace').waitFor({ state: 'hidden' });
    await filter().fill('grace');
    await entry('names the partner grace').waitFor({ state: 'visible' });
    expect(await entry('12,345.00').isVisible()).toBe(false);
  }, 120_000);

  test('counts events, not rows: a duplicate is the same event, and a rejected request is not an event', async () => {
    const { stack, page } = console;
    expect(await state()).toBe('1 event of 2 events match');
    await filter().fill('');
    await stack.post(event('customer.created', referred, 0, 'evt_live'));
    await entry('no change').waitFor({ timeout: 20_000 });
    expect(await page.locator('#entries tr').count()).toBe(3);
    expect(await state()).toBe('2 events');

    await page.getByRole('button', { name: 'Pause' }).click();
    // An entry changes from queued to its outcome while it is held back.
    await stack.post(event('customer.updated', referred, 1, 'evt_held'));
    await stack.post('{}', { signature: null });
    await stack.settled();
    await page.getByText('2 events · paused, 1 event and 1 rejected request held back').waitFor({ timeout: 10_000 });
    await page.getByRole('button', { name: 'Resume' }).click();
    await entry('refused: signature_missing').waitFor();
    expect(await state()).toBe('3 events and 1 rejected request');
  }, 120_000);

  test('keeps its filter after Back and after a reload', async () => {
    const { page } = console;
    await filter().fill('evt_live');
    await filter().fill('grace');
    await entry('names the partner grace').first().getByRole('link').click();
    await page.getByRole('heading', { name: 'Timeline' }).waitFor();
    await page.goBack();
    await entry('names the partner grace').first().waitFor();
    expect(await filter().inputValue()).toBe('grace');
    await page.reload();
    await entry('names the partner grace').first().waitFor();
    expect(await filter().inputValue()).toBe('grace');
    expect(await entry('12,345.00').isVisible()).toBe(false);
  }, 120_000);
});

describeInBrowser('the page of an event, linked from the feed', () => {
  test('hides personal data until it is revealed', async () => {
    const { page } = console;
    await entry('names the partner grace').last().getByRole('link').click();
    await page.getByRole('heading', { name: 'Timeline' }).waitFor();
    const text = await page.locator('main').innerText();
    expect(text).toMatch(/webhook responded 200 in \d+ ms/);
    expect(text).toMatch(/ingest queued/);
    expect(text).toMatch(/worker customer_updated/);
    const payload = page.locator('section[aria-labelledby=payload] code');
    expect(await payload.innerText()).not.toContain('a@example.com');
    await page.getByRole('link', { name: 'Reveal' }).click();
    expect(await payload.innerText()).toContain('a@example.com');
  }, 120_000);
});

describeInBrowser('refunds and disputes in the feed', () => {
  test('are described in words, also when a later event has undone them', async () => {
    const { stack, visit } = console;
    const refund = { id: 're_1', object: 'refund', amount: 1234500, charge: 'ch_1', created: NOON, livemode: false };
    const dispute = {
      id: 'du_1',
      object: 'dispute',
      amount: 1234500,
      currency: 'usd',
      charge: 'ch_1',
      livemode: false,
    };
    const steps: [type: string, object: Record<string, unknown>, words: string][] = [
      ['refund.created', { ...refund, status: 'pending' }, 'refund of 12,345.00 USD: the payment does not count'],
      [
        'refund.failed',
        { ...refund, status: 'failed' },
        'refund of 12,345.00 USD failed: 12,345.00 USD counts for bolt',
      ],
      [
        'charge.dispute.created',
        { ...dispute, status: 'needs_response' },
        'dispute of 12,345.00 USD (needs response): no row changes',
      ],
      [
        'charge.dispute.closed',
        { ...dispute, status: 'lost' },
        'dispute of 12,345.00 USD lost: the payment does not count',
      ],
    ];
    await visit('feed');
    for (const [i, [type, object, words]] of steps.entries()) {
      await stack.post(event(type, object, 10 + i));
      await entry(words).waitFor({ timeout: 20_000 });
    }
    // The row is deleted now; what the failed refund did is still described.
    await visit('feed');
    await entry('refund of 12,345.00 USD failed: the payment counted; later disputed').waitFor();
  }, 90_000);
});

describeInBrowser('dead letters', () => {
  test('say why, and can be sent back or deleted', async () => {
    const { page, stack, visit } = console;
    const broken = charge({ id: 'ch_broken', amount: 'much' });
    await stack.post(event('charge.succeeded', broken, 0, 'evt_broken_1'));
    await stack.post(event('charge.succeeded', broken, 1, 'evt_broken_2'));
    await visit('dead-letters');
    await page.locator('#dead-letters', { hasText: '2' }).waitFor({ timeout: 90_000 });
    await page.getByRole('link', { name: /Dead letters/ }).click();
    await page.getByRole('heading', { name: /2 × charge.succeeded: the event's amount/ }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Send back evt_broken_1' }).click();
    await page.getByText('Done: 1 message.').waitFor();
    await page.getByRole('link', { name: 'evt_broken_2' }).waitFor();
    await page.locator('summary', { hasText: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete permanently' }).click();
    await page.getByText('No dead letters').waitFor();
    // The one that was sent back fails again.
    await page.locator('#dead-letters', { hasText: '1' }).waitFor({ timeout: 90_000 });
  }, 200_000);
});

describeInBrowser('an open page', () => {
  test('reconnects after the stack was stopped and started', async () => {
    const { page, stack, visit } = console;
    await visit('feed');
    await entry('names the partner grace').first().waitFor();
    const port = Number(new URL(stack.file.webhookUrl).port);
    await stack.stop();
    await page.locator('#state', { hasText: 'The stack has stopped' }).waitFor({ timeout: 20_000 });
    const restarted = await startStack({ folder, port });
    Object.assign(console, { stack: restarted });
    expect(restarted.file.consoleUrl).toBe(stack.file.consoleUrl);
    await page.locator('#state', { hasText: 'Running locally' }).waitFor({ timeout: 30_000 });
    // The log of the earlier run is there again, and new events arrive.
    await entry('ch_1').first().waitFor();
    await restarted.post(event('customer.created', customer('cord', { id: 'cus_cord' }), 0, 'evt_again'));
    await entry('customer cord updated').waitFor({ timeout: 20_000 });
  }, 120_000);
});
