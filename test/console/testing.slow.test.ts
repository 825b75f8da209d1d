// Set up and the testing suite, in a real browser.

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS } from '../../contract/settings.js';
import { subscribedTypes } from '../../functions/domain/decide.js';
import { CHROMIUM, type ConsoleUnderTest, describeInBrowser, startConsole } from '../support/stack/browser.js';

if (!CHROMIUM)
  console.warn('No Chromium found: the browser tests of the console are skipped (set CHROMIUM to its path).');

const SEND_DEADLINE = 30_000;
const TYPES = subscribedTypes(DEFAULT_SETTINGS);

function senderIn({ page }: ConsoleUnderTest) {
  const choose = (name: string) => page.getByRole('button', { name, exact: true }).click();
  /** @returns what the page says about the event */
  return async (name?: string): Promise<string> => {
    if (name) await choose(name);
    await choose('Sign and send');
    await page.locator('#send[aria-disabled=false]').waitFor({ timeout: SEND_DEADLINE });
    return page.locator('#story').innerText();
  };
}

/** @returns what the button has put into the clipboard */
async function copied({ page }: ConsoleUnderTest, button: string): Promise<unknown> {
  await page.getByRole('button', { name: button }).click();
  return page.evaluate('navigator.clipboard.readText()');
}

/** What the page says about each event, sent in this order. The first is the one that is filled in. */
const STORIES: readonly [name: string | undefined, ...says: RegExp[]][] = [
  [
    undefined,
    /Request POST .*\/stripe\/webhook/,
    /Response 200/,
    /Queue accepted/,
    /Worker customer acme_\w+ updated; this event names the partner ada/,
  ],
  ['Charge', /Worker recorded 20\.00 USD for acme_/, /amount_net\s+–\s+2000/],
  ['Charge before its customer', /Worker recorded 20\.00 USD, its customer is not known yet/],
  ['Partial capture', /recorded 12\.00 USD for acme_[\s\S]*amount_net\s+–\s+1200/],
  ['Failed payment', /deleted the transaction \(failed\)/],
  ['Invoice', /Response 200[\s\S]*not used/],
  ['Partial refund', /deleted the transaction \(refunded\)[\s\S]*status\s+recorded\s+deleted/],
  ['Refund', /deleted the transaction \(refunded\)/],
  ['Refund fails', /refund of 20\.00 USD failed: 20\.00 USD counts for acme_[\s\S]*status\s+deleted\s+recorded/],
  ['Dispute opened', /dispute of 20\.00 USD \(needs response\): no row changes/],
  ['Dispute lost', /dispute of 20\.00 USD lost: the payment does not count[\s\S]*amount_disputed\s+–\s+2000/],
  ['Dispute won', /dispute of 20\.00 USD won: 20\.00 USD counts for acme_[\s\S]*deleted_reason\s+disputed\s+–/],
  ['Duplicate', /no change[\s\S]*nothing changed/],
  ['Customer renamed', /name\s+Acme Inc\.\s+Acme International/],
  ['Out of order', /no change[\s\S]*nothing changed/],
  ['Forged', /Response 400/, /signature_invalid/],
];

describeInBrowser('in charge mode', () => {
  let console: ConsoleUnderTest;
  beforeAll(async () => {
    console = await startConsole();
    const { page } = console;
    // The clipboard needs a permission for this origin.
    const { origin } = new URL(console.url());
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
  }, 120_000);
  afterAll(() => console?.stop());

  test('Set up shows the webhook, the secret, the event types and the code for each language', async () => {
    const { page, stack, visit } = console;
    await visit();
    for (const type of TYPES) await page.getByText(type, { exact: true }).first().waitFor();
    expect(await copied(console, 'Copy the webhook URL')).toBe(stack.file.webhookUrl);
    expect(await copied(console, 'Copy the command')).toBe(
      `stripe listen --events ${TYPES.join(',')} --forward-to ${stack.file.webhookUrl}`,
    );
    const [secret] = stack.file.signingSecrets;
    const shown = () => page.locator('#signing-secret').innerText();
    expect(await shown()).not.toContain(secret!);
    expect(await copied(console, 'Copy the signing secret')).toBe(secret);
    await page.getByRole('button', { name: 'Reveal' }).click();
    expect(await shown()).toBe(secret);
    for (const language of ['Node.js', 'Python', 'Ruby', 'PHP', 'Java', 'Go']) {
      const section = page.locator('details', { has: page.locator('summary', { hasText: language }) });
      const code = await section.locator('code').allTextContents();
      expect(code).toHaveLength(2);
      expect(code[0]).toContain('customer_key');
      for (const key of ['customer_key', 'partner_key', 'product_key']) expect(code[1]).toContain(key);
    }
  });

  test('the checks run from the page, and leave no rows', async () => {
    const { page, stack, visit } = console;
    await visit('testing');
    await page.getByRole('button', { name: 'Run the checks' }).click();
    await page.locator('#verify-results li').nth(10).waitFor({ timeout: 60_000 });
    await page.locator('#verify[aria-disabled=false]').waitFor();
    expect(await page.locator('#verify-results .bad').count()).toBe(0);
    expect((await stack.rows()).transactions).toEqual([]);
  }, 90_000);

  test('the page opens with the first event filled in', async () => {
    const { page, visit } = console;
    await visit('testing');
    expect(JSON.parse(await page.locator('#event').inputValue()).type).toBe('customer.created');
    expect(await page.getByRole('button', { name: 'Customer', exact: true }).getAttribute('aria-pressed')).toBe('true');
    expect(await page.locator('#expectation').innerText()).toMatch(/^Creates the customer acme_\w+, referred by ada/);
  });

  test('sending an event keeps the focus on the button', async () => {
    const { page } = console;
    await page.locator('#send').focus();
    await page.keyboard.press('Enter');
    await page.locator('#story li', { hasText: 'Request' }).waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('send');
    await page.locator('#send[aria-disabled=false]').waitFor({ timeout: SEND_DEADLINE });
    expect(await page.evaluate('document.activeElement.id')).toBe('send');
  }, 120_000);

  test('each event is followed from the request to the rows', async () => {
    const { visit } = console;
    await visit('testing');
    const send = senderIn(console);
    for (const [name, ...says] of STORIES) {
      const story = await send(name);
      for (const text of says) expect([name, story]).toEqual([name, expect.stringMatching(text)]);
    }
  }, 120_000);

  test('internal attributes are not shown', async () => {
    const { page } = console;
    expect(await page.locator('#story th[scope=row]').allInnerTexts()).not.toContainEqual(expect.stringMatching(/^_/));
  });
});

describeInBrowser('in invoice mode, with net refunds', () => {
  let console: ConsoleUnderTest;
  beforeAll(async () => {
    console = await startConsole({ args: ['--transaction-source', 'invoice', '--partial-refund', 'net'] });
  }, 120_000);
  afterAll(() => console?.stop());

  test('the texts and the events fit the settings', async () => {
    const { page, visit } = console;
    await visit();
    const code = await page.locator('details').first().locator('code').allTextContents();
    expect(code[1]).toContain('subscriptions.create');
    await visit('testing');
    await page.getByText('takes transactions from invoices').waitFor();
    const send = senderIn(console);
    expect(await send('Customer')).toMatch(/Worker customer acme_/);
    expect(await send('Invoice')).toMatch(/Worker recorded 20\.00 USD for acme_[\s\S]*product_key\s+–\s+gold/);
    expect(await send('Charge')).toMatch(/not used/);
    await page.getByRole('button', { name: 'Partial refund', exact: true }).click();
    expect(await page.locator('#expectation').innerText()).toMatch(/15\.00 USD/);
    expect(await send()).toMatch(/amount_net\s+2000\s+1500/);
    expect(await send('Refund')).toMatch(/status\s+recorded\s+deleted/);
    expect(await send('Refund fails')).toMatch(
      /refund of 20\.00 USD failed: 20\.00 USD counts for acme_[\s\S]*status\s+deleted\s+recorded/,
    );
  }, 90_000);
});
