// What holds for every page: accessible, nothing cut off, reached by keyboard, harmless to hostile input.

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { charge, customer, event } from '../support/builders/events.js';
import {
  type ConsoleUnderTest,
  describeInBrowser,
  openPage,
  overflows,
  startConsole,
  violations,
} from '../support/stack/browser.js';
import { until } from '../support/stack/local-stack.js';

const PAGES = ['', 'testing', 'feed', 'customers', 'transactions', 'partners', 'dashboard', 'dead-letters'];
const HOSTILE = [
  '<script>alert("x")</script><img src=x onerror=alert(1)>',
  '"><svg/onload=alert(1)>\'',
  'javascript:alert(1)',
  '..',
  '.',
  '%2e%2e/%00?x#y',
  '__proto__',
  '\u001b[2J\u0007red',
  'evil\u202egpj.exe',
  '{{7*7}}',
];

let console: ConsoleUnderTest;
beforeAll(async () => {
  console = await startConsole();
}, 120_000);
afterAll(() => console?.stop());

describeInBrowser('the pages of an empty stack', () => {
  test('say what to do next', async () => {
    const { page, visit } = console;
    for (const [path, words] of [
      ['feed', 'testing suite'],
      ['customers', 'npm run demo'],
      ['transactions', 'npm run demo'],
      ['partners', 'npm run demo'],
      ['dead-letters', 'No dead letters'],
    ] as const) {
      await visit(path);
      await page.locator('.empty', { hasText: words }).waitFor();
    }
  }, 30_000);
});

describeInBrowser('the dashboard', () => {
  test('draws this machine’s metrics and explains each of them', async () => {
    const { page, stack, visit } = console;
    await stack.post(
      event(
        'customer.created',
        customer('bolt', { metadata: { customer_key: 'bolt', partner_key: 'grace' } }),
        0,
        'evt_live',
      ),
    );
    await stack.post(
      event('charge.succeeded', charge({ id: 'ch_eur', currency: 'eur', metadata: { product_key: 'gold' } })),
    );
    await stack.post('{}', { signature: null });
    await stack.settled();
    await visit('dashboard');
    await page.locator('.graph canvas').first().waitFor();
    const widget = page.locator('section.widget', { has: page.getByRole('heading', { name: '200 responses' }) });
    // Two events were accepted within the last minutes: the latest value is 1 or 2, never `--`.
    const legend = widget.locator('.u-legend');
    await until(async () => /EventsQueued:?\s*[12](?!\d)/.test(await legend.innerText()), 15_000);
    expect(await page.locator('.u-legend').allInnerTexts()).not.toContainEqual(expect.stringContaining('--'));
    await widget.getByText('As a table').click();
    expect(await widget.locator('tr', { hasText: 'EventsQueued' }).locator('td').last().innerText()).toMatch(/^[12]$/);

    const meaning = widget.getByRole('tooltip');
    expect(await meaning.isVisible()).toBe(false);
    await widget.getByRole('heading').hover();
    expect(await meaning.innerText()).toContain('Events with a valid signature that the queue has accepted.');
    await page.keyboard.press('Escape');
    expect(await meaning.isVisible()).toBe(false);
    await page.mouse.move(0, 0);
    await page.getByRole('button', { name: 'About 4xx responses' }).focus();
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Tab');
    await page.getByRole('tooltip').getByText('Requests without a signature.').waitFor();
    const alarms = page.locator('#alarm-states li');
    expect(await alarms.count()).toBeGreaterThan(10);
    expect(await alarms.filter({ hasText: 'ALARM' }).count()).toBe(0);
  }, 120_000);
});

describeInBrowser('hostile names and keys', () => {
  test('appear as text only', async () => {
    const { page, stack, visit } = console;
    for (const [i, text] of HOSTILE.entries()) {
      const metadata = { customer_key: text, partner_key: text, product_key: text };
      const fields = { id: `cus_hostile_${i}`, name: text, metadata };
      await stack.post(event('customer.created', customer(text, fields), 0, `evt_hostile_${i}`));
      await stack.post(event('charge.succeeded', charge({ id: `ch_hostile_${i}`, customer: fields.id, metadata })));
    }
    await stack.settled();
    const query = (name: string, value: string) => new URLSearchParams({ [name]: value });
    for (const [i, text] of HOSTILE.entries()) {
      for (const path of [
        `feed?${query('q', text)}`,
        `event?${query('id', `evt_hostile_${i}`)}&reveal=1`,
        `customers?${query('q', text)}`,
        `partners?${query('partner', text)}`,
      ]) {
        await visit(path);
        expect(await page.locator('main script, main img, main svg[onload]').count()).toBe(0);
      }
      await page.getByRole('region', { name: /^Amounts/ }).waitFor();
      await visit(`customers?${query('q', text)}`);
      await page.locator('tbody th a').first().click();
      await page.getByRole('heading', { name: 'Attributes' }).waitFor();
      // Control characters and changes of direction are shown as escapes.
      const shown = text.replace('\u001b', '\\u001b').replace('\u0007', '\\u0007').replace('\u202e', '\\u202e');
      expect(await page.locator('h1').innerText()).toBe(shown);
    }
    for (const path of ['customers', 'transactions', 'partners', 'feed']) {
      await visit(path);
      const text = (await page.locator('body').innerText()).replaceAll(/[\n\t]/g, ' ');
      expect(text).not.toMatch(/[\p{Cc}\u202e]/u);
    }
  }, 120_000);
});

describeInBrowser('every page of the console', () => {
  test.each([
    ['light', 1440],
    ['dark', 1440],
    ['light', 390],
    ['dark', 390],
  ] as const)(
    'axe finds nothing, and nothing is cut off: %s, %d px',
    async (colorScheme, width) => {
      const opened = await openPage(console.browser, { colorScheme, viewport: { width, height: 844 } });
      for (const path of [...PAGES, 'event?id=evt_live', 'customer?key=bolt', 'transaction?id=ch_eur', 'nowhere']) {
        await console.visit(path, opened.page);
        if (path === 'partners') await opened.page.locator('figure').first().waitFor();
        expect([path, await violations(opened.page), await overflows(opened.page)]).toEqual([path, [], false]);
        const tab = await opened.page.locator('nav [aria-current]').boundingBox();
        expect([path, tab!.x >= 0 && tab!.x + tab!.width <= width]).toEqual([path, true]);
      }
      expect(opened.complaints.filter((each) => !/404/.test(each))).toEqual([]);
      await opened.page.context().close();
    },
    90_000,
  );

  test('everything can be reached by keyboard', async () => {
    const { page, visit } = console;
    await visit('testing');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toContain('Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).toBe('verify');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(JSON.parse(await page.locator('#event').inputValue()).type).toBe('charge.succeeded');
  }, 30_000);

  test('no page reported an error', () => {
    expect(console.complaints.filter((each) => !/400|404/.test(each))).toEqual([]);
  });
});
