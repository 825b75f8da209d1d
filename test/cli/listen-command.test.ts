// The Stripe CLI's command, as it is printed and as the README has it. test/e2e/stripe-listen.slow.test.ts runs it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { listenCommand } from '../../cli/listen-command.js';
import { DEFAULT_SETTINGS, parseSettings } from '../../contract/settings.js';

const WEBHOOK = 'http://127.0.0.1:4242/stripe/webhook';

test('the README has the command for the default settings', () => {
  const readme = readFileSync(join(__dirname, '..', '..', 'README.md'), 'utf8');
  expect(readme.split('\n')).toContain(listenCommand(WEBHOOK, DEFAULT_SETTINGS));
});

test('the command names the events of the settings, because the CLI forwards no others', () => {
  const invoices = listenCommand(WEBHOOK, parseSettings({ transactionSource: 'invoice', disputes: 'ignore' }));
  expect(invoices).toMatch(/^stripe listen --events \S*invoice_payment\.paid\S* --forward-to http:\S+$/);
  expect(invoices).not.toContain('dispute');
});
