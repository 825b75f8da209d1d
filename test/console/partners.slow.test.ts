// The Partners page, in a real browser.

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { charge, customer, event, NOON } from '../support/builders/events.js';
import { type ConsoleUnderTest, describeInBrowser, openPage, startConsole } from '../support/stack/browser.js';
import { spawnStart } from '../support/stack/local-stack.js';

const RULES = {
  rules: [
    { products: ['gold'], percent: '20' },
    { percent: '10', holdDays: 0 },
  ],
};

let console: ConsoleUnderTest;
let folder: string;
let rulesFile: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rewards-'));
  rulesFile = join(folder, 'rewards.json');
  writeFileSync(rulesFile, JSON.stringify(RULES));
  console = await startConsole({ args: ['--rewards', rulesFile] });
  const { stack } = console;
  const referred = (id: string, key: string, partner: string) =>
    customer(key, { id, metadata: { customer_key: key, partner_key: partner } });
  await stack.post(event('customer.created', referred('cus_a', 'acme', 'ada')));
  await stack.post(event('customer.created', referred('cus_b', 'bolt', 'grace')));
  const pay = (id: string, fields: Record<string, unknown>, livemode = false) =>
    stack.post({ ...event('charge.succeeded', charge({ id, livemode, ...fields })), livemode });
  const gold = { metadata: { product_key: 'gold' } };
  await pay('ch_eur', { amount: 123_456_789, amount_captured: 123_456_789, currency: 'eur', ...gold });
  await pay('ch_jpy', { amount: 4500, amount_captured: 4500, currency: 'jpy' });
  await pay('ch_test', { amount: 1000, amount_captured: 1000 });
  await pay('ch_live', { amount: 7000, amount_captured: 7000 }, true);
  for (let month = 0; month < 12; month++)
    await pay(`ch_month_${month}`, {
      amount: 100,
      amount_captured: 100,
      currency: 'gbp',
      created: NOON + month * 30 * 86_400,
    });
  await pay('ch_nobody', { amount: 300, amount_captured: 300, customer: 'cus_unknown' });
  await stack.settled();
}, 90_000);
afterAll(async () => {
  await console?.stop();
  rmSync(folder, { recursive: true, force: true });
});
const region = (name: string) => console.page.getByRole('region', { name });

describeInBrowser('the amounts on the Partners page', () => {
  test('shows amounts by product and month, for each currency and each mode by itself', async () => {
    const { page, visit } = console;
    await visit('partners');
    await page.getByRole('heading', { name: 'EUR test 1,234,567.89 EUR in total' }).waitFor();
    await page.getByRole('heading', { name: 'JPY test 4,500 JPY in total' }).waitFor();
    // 10.00 in test mode and 70.00 in live mode are never 80.00.
    await page.getByRole('heading', { name: 'USD live 70.00 USD in total' }).waitFor();
    await page.getByRole('heading', { name: 'USD test 10.00 USD in total' }).waitFor();
    expect(await region('Amounts in EUR, test mode').innerText()).toMatch(
      /ada\s+gold\s+2025-06\s+1\s+1,234,567\.89 EUR/,
    );
    expect(await page.locator('figure [role=img] rect').count()).toBeGreaterThan(12);
  }, 30_000);

  test('payments without a customer appear, with a hint and a link to them', async () => {
    const { page, visit } = console;
    await visit('partners');
    const notice = region('Payments without a customer');
    await notice.getByText('1 payment, 3.00 USD').waitFor();
    expect(await notice.innerText()).toContain('customer_key');
    await notice.getByRole('link', { name: 'Show them' }).click();
    await page.getByRole('link', { name: 'ch_nobody' }).waitFor();
  }, 30_000);

  test('the filter tells an unknown partner from one without payments', async () => {
    const { page, visit } = console;
    await visit('partners?partner=nobody');
    await page.getByText('Unknown partner nobody: no customer has this partner_key.').waitFor();
    await page.getByRole('searchbox', { name: 'Partner' }).fill(' grace ');
    await page.keyboard.press('Enter');
    await page.getByText('grace has referred 1 customer, and none of them has a payment.').waitFor();
    await page.getByRole('searchbox', { name: 'Partner' }).fill('ada');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^EUR/ }).waitFor();
    expect(await page.getByRole('heading', { name: 'Payments without a customer' }).count()).toBe(0);
  }, 30_000);

  test('CSV names the mode of each line', async () => {
    const { page, visit } = console;
    await visit('partners');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download CSV' }).click(),
    ]);
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines[0]).toBe('partner,product,month,livemode,currency,count,amount_net');
    expect(lines).toContain('ada,,2025-06,true,usd,1,7000');
    expect(lines).toContain('ada,,2025-06,false,usd,1,1000');
  }, 30_000);
});

describeInBrowser('the layout of the Partners page', () => {
  test('on a phone, the labels of twelve months are readable and do not overlap', async () => {
    const { page } = await openPage(console.browser, { viewport: { width: 390, height: 844 } });
    await console.visit('partners', page);
    const chart = page.getByRole('region', { name: /^GBP/ }).locator('figure');
    await chart.waitFor();
    const labels = chart.locator('.label');
    expect(await labels.count()).toBe(12);
    const boxes = await Promise.all((await labels.all()).map((label) => label.boundingBox()));
    for (const [i, box] of boxes.entries()) {
      if (i > 0) expect(box!.x).toBeGreaterThanOrEqual(boxes[i - 1]!.x + boxes[i - 1]!.width);
      expect(box!.x + box!.width).toBeLessThanOrEqual(390);
    }
    const sizes: { font: number; cut: boolean }[] = await page.evaluate(`[...document.querySelectorAll('.label')].map(
      (label) => ({ font: parseFloat(getComputedStyle(label).fontSize), cut: label.scrollWidth > label.clientWidth }),
    )`);
    for (const { font, cut } of sizes) {
      expect(font).toBeGreaterThanOrEqual(11);
      expect(cut).toBe(false);
    }
    await page.context().close();
  }, 30_000);

  test('the empty filter shows its whole placeholder', async () => {
    const { page, visit } = console;
    await visit('partners');
    const needed: number = await page.evaluate(`(() => {
      const input = document.querySelector('[name=partner]');
      const context = document.createElement('canvas').getContext('2d');
      const { font, paddingLeft, paddingRight } = getComputedStyle(input);
      context.font = font;
      const text = context.measureText(input.placeholder).width;
      return text + parseFloat(paddingLeft) + parseFloat(paddingRight) - input.clientWidth;
    })()`);
    expect(needed).toBeLessThanOrEqual(0);
  }, 30_000);
});

describeInBrowser('what partners are owed, on the Partners page', () => {
  test('follows the rules, for each currency and each mode by itself', async () => {
    const { page, visit } = console;
    await visit('partners');
    // By hand: 20 % of 123,456,789 is 24,691,357.8; 10 % of 7,000 is 700; 10 % of 1,000 is 100.
    await region('Owed in EUR, test mode').waitFor();
    expect(await region('Owed in EUR, test mode').innerText()).toMatch(/ada\s+1\s+1,234,567\.89 EUR\s+246,913\.58 EUR/);
    expect(await region('Owed in USD, live mode').innerText()).toMatch(/ada\s+1\s+70\.00 USD\s+7\.00 USD/);
    expect(await region('Owed in USD, test mode').innerText()).toMatch(/ada\s+1\s+10\.00 USD\s+1\.00 USD/);
    await page.getByText('Rewards by the rules in rewards.json').waitFor();
  }, 30_000);

  test('a mistake in the rules is reported with its line, on the page and when the stack starts', async () => {
    const { page, visit } = console;
    writeFileSync(rulesFile, '{\n  "rules": [\n    { "percent": "120" }\n  ]\n}\n');
    await visit('partners');
    await page.getByRole('heading', { name: 'The rules in rewards.json cannot be applied' }).waitFor();
    await page.getByText(/rewards\.json:3: .*120/).waitFor();
    await page.getByRole('heading', { name: /^EUR/ }).waitFor();

    const child = spawnStart(['--ephemeral', '--port', '0', '--rewards', rulesFile], folder);
    let printed = '';
    child.stderr!.on('data', (text) => {
      printed += text;
    });
    const [code] = await once(child, 'exit');
    expect([code, printed]).toEqual([2, expect.stringMatching(/rewards\.json:3: .*120/)]);
  }, 60_000);
});
