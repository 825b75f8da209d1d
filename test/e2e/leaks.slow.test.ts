// Searches everything that a run leaves for the secrets and personal values that were sent: responses, printed lines, the log, the files
// next to the stack file, bundles, templates, and the output of tools that do not show rows.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bundleFunctions } from '../../lib/bundling/bundle.js';
import { bundleFolder, FUNCTION_NAMES } from '../../lib/functions.js';
import { charge, customer, event, invoice } from '../support/builders/events.js';
import { type LocalStackUnderTest, startStack } from '../support/stack/local-stack.js';
import { synthesizeTemplate } from '../support/stack/template.js';

/** One for each place that a person or a secret can be in. */
const MARKS = {
  name: 'Mark-Name-4711',
  email: 'mark-email-4711@example.com',
  phone: '+1-4711-555-mark',
  street: 'Mark Street 4711',
  customerKey: 'mark-customer-key-4711',
  partnerKey: 'mark-partner-key-4711',
  productKey: 'mark-product-key-4711',
  metadata: 'mark-metadata-4711',
  description: 'mark-description-4711',
  receipt: 'https://pay.stripe.example/mark-receipt-4711',
  forgedSecret: 'whsec_mark_forged_4711',
  givenSecret: 'whsec_mark_given_4711',
} as const;

let folder: string;
let stack: LocalStackUnderTest;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leaks-'));
  stack = await startStack({ folder, args: ['--signing-secret', MARKS.givenSecret] });
}, 60_000);
afterAll(async () => {
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const person = {
  name: MARKS.name,
  email: MARKS.email,
  phone: MARKS.phone,
  description: MARKS.description,
  address: { line1: MARKS.street },
  metadata: {
    customer_key: MARKS.customerKey,
    partner_key: MARKS.partnerKey,
    product_key: MARKS.productKey,
    note: MARKS.metadata,
  },
};

test('values of events appear in rows and nowhere else', async () => {
  const answers: string[] = [];
  const post = async (body: string | object, options = {}) => answers.push((await stack.post(body, options)).body);
  const secret = stack.file.signingSecrets.at(-1)!;
  const paid = charge({ ...person, receipt_url: MARKS.receipt, billing_details: person });
  await post(event('customer.created', customer('x', { ...person, id: 'cus_m' })));
  await post(event('charge.succeeded', { ...paid, id: 'ch_m', customer: 'cus_m' }));
  await post(event('charge.refunded', { ...paid, id: 'ch_r', amount_refunded: 2000, refunded: true }));
  await post(event('invoice.payment_succeeded', invoice({ ...person, id: 'in_m' })));
  // What no rule can read, in the envelope and below it.
  await post(event('charge.succeeded', { ...paid, id: 'ch_broken', amount: MARKS.metadata }));
  await post({ ...event('charge.updated', paid), created: MARKS.metadata });
  await post({ id: MARKS.metadata, type: 'charge.succeeded' });
  await post(JSON.stringify(event('charge.succeeded', paid)).slice(0, -1));
  await post(event('charge.succeeded', paid), { secret: MARKS.forgedSecret });
  await post(event('charge.succeeded', paid), { signature: MARKS.metadata });
  await post(event('charge.succeeded', paid), { signature: null });
  await stack.settled();
  expect(JSON.stringify(await stack.rows())).toContain(MARKS.email);

  const files = (path: string): string[] =>
    statSync(path).isDirectory() ? readdirSync(path).flatMap((each) => files(join(path, each))) : [path];
  const places: Record<string, string> = {
    answers: answers.join('\n'),
    // The first screen shows one secret, because people copy it from there.
    printed: stack.output().replaceAll(MARKS.givenSecret, ''),
    log: readFileSync(join(folder, '.local', 'functions.log'), 'utf8'),
    template: JSON.stringify(synthesizeTemplate()),
  };
  await bundleFunctions();
  for (const name of FUNCTION_NAMES)
    for (const file of files(bundleFolder(name))) places[file] = readFileSync(file, 'utf8');
  expect(places.log!.length).toBeGreaterThan(1000);
  for (const [place, content] of Object.entries(places)) {
    for (const [what, mark] of Object.entries({ ...MARKS, secret })) {
      if (place === 'printed' && what === 'secret') continue;
      expect({ place, what, found: content.includes(mark) }).toEqual({ place, what, found: false });
    }
  }
}, 120_000);
