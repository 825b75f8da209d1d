// Eight kinds of schedules that once ended with wrong rows. The simulator found them; here each is written out step by step.

import { describe, expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, type Settings } from '../../contract/settings.js';
import { charge, customer, event, invoice, invoicePayment } from '../support/builders/events.js';
import type { Event } from '../support/builders/history.js';
import { play, type Script } from './script.js';

const CHARGES: Settings = DEFAULT_SETTINGS;
const INVOICES: Settings = { ...DEFAULT_SETTINGS, transactionSource: 'invoice' };
const NET_INVOICES: Settings = { ...INVOICES, partialRefund: 'net' };

const DEPENDENTS = /query links customer#cus_a\//;
const WRITE_OF_CHARGE = /(put|update) transactions ch_1$/;
const READ_OF_INVOICE = /read .*transactions in_1( |$)/;
const WRITE_OF_INVOICE = /(put|update) transactions in_1$/;

async function ends(settings: Settings, events: readonly Event[], schedule: (script: Script) => Promise<void>) {
  const { rows, expected } = await play(settings, events, schedule);
  expect(expected.transactions.length + expected.customers.length).toBeGreaterThan(0);
  expect(rows).toEqual(expected);
}

describe('a sweep that failed is not forgotten when its event is merged with a newer one', () => {
  const succeeded = event('charge.succeeded', charge());
  const created = event('customer.created', customer('acme'), 1);
  const renamed = event('customer.updated', customer('acme', { name: 'Anna' }), 2);

  test('the query for the dependents fails', () =>
    ends(CHARGES, [succeeded, created, renamed], async (script) => {
      await script.apply('A', succeeded);
      await script.start('B', created);
      await script.until('B', DEPENDENTS);
      await script.request('B', DEPENDENTS, 'failed');
      await script.finish('B');
      await script.apply('C', created, renamed);
    }));

  test('the worker dies before it queries the dependents', () =>
    ends(CHARGES, [succeeded, created, renamed], async (script) => {
      await script.apply('A', succeeded);
      await script.start('B', created);
      await script.until('B', DEPENDENTS);
      await script.die('B');
      await script.apply('C', created, renamed);
    }));

  test('the link had moved, and the row would keep its former customer', () => {
    const gamma = event('customer.created', customer('gamma'));
    const moved = event('customer.updated', customer('beta'), 1);
    const again = event('customer.updated', customer('beta', { name: 'Anna' }), 2);
    return ends(CHARGES, [gamma, succeeded, moved, again], async (script) => {
      await script.apply('A', gamma);
      await script.apply('B', succeeded);
      await script.start('C', moved);
      await script.until('C', DEPENDENTS);
      await script.request('C', DEPENDENTS, 'failed');
      await script.finish('C');
      await script.apply('D', moved, again);
    });
  });
});

describe('a sweep assigns no key that is older than the row’s', () => {
  const succeeded = event('charge.succeeded', charge(), 2);
  const created = event('customer.created', customer('acme'));
  const moved = event('customer.updated', customer('beta'), 1);

  test('one request is sent twice, and one copy arrives late', () =>
    ends(CHARGES, [succeeded, created, moved], async (script) => {
      await script.start('A', created);
      await script.until('A', DEPENDENTS);
      await script.apply('B', moved);
      await script.apply('C', succeeded);
      await script.until('A', WRITE_OF_CHARGE);
      await script.request('A', WRITE_OF_CHARGE, 'late-resent');
      await script.finish('A');
      await script.landLate();
    }));

  test('the message was delivered twice, and the worker whose copy the other one acknowledged dies', () =>
    ends(CHARGES, [succeeded, created, moved], async (script) => {
      await script.start('A', created);
      await script.until('A', DEPENDENTS);
      await script.apply('A again', created);
      await script.apply('B', moved);
      await script.apply('C', succeeded);
      await script.until('A', WRITE_OF_CHARGE);
      await script.request('A', WRITE_OF_CHARGE, 'landed');
      await script.die('A');
    }));
});

test('a sweep reads the link after the rows, not before them and not in the same batch', () => {
  const succeeded = event('charge.succeeded', charge());
  const created = event('customer.created', customer('acme'), 1);
  const moved = event('customer.updated', customer('beta'), 2);
  return ends(CHARGES, [succeeded, created, moved], async (script) => {
    await script.apply('A', succeeded);
    await script.start('B', created);
    await script.until('B', DEPENDENTS);
    await script.request('B', DEPENDENTS, 'landed');
    // If the link were part of what is read now, it would be older than the row.
    await script.readFirst('B', /^links /);
    await script.apply('C', moved);
    await script.finish('B');
  });
});

describe('a worker that read before the refund', () => {
  const paid = event('invoice.payment_succeeded', invoice());
  const refunded = event('charge.refunded', charge({ amount_refunded: 2000, refunded: true, invoice: 'in_1' }), 1);
  const readBeforeRefund = async (script: Script) => {
    await script.start('A', paid);
    await script.until('A', READ_OF_INVOICE);
    await script.apply('B', refunded);
  };

  test('does not record the invoice again', () =>
    ends(INVOICES, [paid, refunded], async (script) => {
      await readBeforeRefund(script);
      await script.until('A', WRITE_OF_INVOICE);
      await script.request('A', WRITE_OF_INVOICE, 'late-resent');
      await script.finish('A');
      await script.landLate();
    }));

  test('does not leave the invoice recorded if it dies after its write', () =>
    ends(INVOICES, [paid, refunded], async (script) => {
      await readBeforeRefund(script);
      await script.apply('C', paid);
      await script.until('A', WRITE_OF_INVOICE);
      await script.request('A', WRITE_OF_INVOICE, 'landed');
      await script.die('A');
    }));
});

test('a sweep does not give up on a row that a dead worker’s request changed', () => {
  const succeeded = event('charge.succeeded', charge());
  const created = event('customer.created', customer('acme'), 1);
  const moved = event('customer.updated', customer('beta'), 2);
  return ends(CHARGES, [succeeded, created, moved], async (script) => {
    await script.apply('A', succeeded);
    await script.start('B', created);
    await script.until('B', WRITE_OF_CHARGE);
    await script.die('B');
    await script.start('C', created, moved);
    await script.until('C', WRITE_OF_CHARGE);
    await script.landLate();
    await script.finish('C');
  });
});

test('a late write does not mistake one deleted row for another', () => {
  const first = event('invoice.payment_succeeded', invoice({ amount_paid: 1000 }));
  const second = event('invoice.payment_succeeded', invoice({ amount_paid: 3000 }), 1);
  const third = event('invoice.payment_succeeded', invoice({ amount_paid: 5000 }), 2);
  const refunded = event('charge.refunded', charge({ amount_refunded: 2000, refunded: true, invoice: 'in_1' }), 3);
  return ends(INVOICES, [first, second, third, refunded], async (script) => {
    await script.apply('A', first, refunded);
    await script.start('B', second);
    await script.until('B', WRITE_OF_INVOICE);
    await script.request('B', WRITE_OF_INVOICE, 'late-resent');
    await script.finish('B');
    await script.apply('C', third);
    await script.landLate();
  });
});

test('a late write of an invoice does not find the row as it was before', () => {
  const paid = event('invoice.payment_succeeded', invoice({ charge: null, payment_intent: null }));
  const link = event('invoice_payment.paid', invoicePayment('in_1', 'pi_1'));
  const moved = event('invoice_payment.paid', invoicePayment('in_2', 'pi_1'), 2);
  const refunded = event('charge.refunded', charge({ amount_refunded: 1000 }), 1);
  return ends(NET_INVOICES, [paid, link, moved, refunded], async (script) => {
    await script.apply('A', paid, link);
    await script.start('B', refunded);
    await script.until('B', WRITE_OF_INVOICE);
    await script.request('B', WRITE_OF_INVOICE, 'late-resent');
    await script.finish('B');
    await script.apply('C', moved);
    await script.landLate();
  });
});

describe('of two renderings of one event the greater API version counts', () => {
  /** An event as an older and a newer version of the API render it; an absent version is the smallest. */
  const renderings = (type: string, older: Record<string, unknown>, newer: Record<string, unknown>, at = 0) => {
    const { api_version: _, ...first } = event(type, older, at);
    return [first, { ...first, api_version: '2020-08-27', data: { object: newer } }] as const;
  };
  /** Only an API version since 2020-08-27 tells a released amount from a refund. */
  const { amount_captured: _, ...before } = charge({ amount_refunded: 500 });
  const since = { ...before, amount_captured: 1500 };

  const cases: Record<string, { settings: Settings; both: readonly [Event, Event]; others?: readonly Event[] }> = {
    'a row': {
      settings: { ...CHARGES, partialRefund: 'net' },
      both: renderings('charge.captured', before, since),
    },
    'a customer': {
      settings: CHARGES,
      both: renderings('customer.created', customer('acme', { name: 'Ann' }), customer('acme', { name: 'Anna' })),
    },
    'who referred a customer': {
      settings: CHARGES,
      both: renderings(
        'customer.created',
        customer('acme', { metadata: { customer_key: 'acme', partner_key: 'p1' } }),
        customer('acme', { metadata: { customer_key: 'acme', partner_key: 'p2' } }),
      ),
    },
    'a link': {
      settings: CHARGES,
      both: renderings('customer.created', customer('acme'), customer('beta')),
      // Both customers exist anyway, and who they are is decided by newer events of others.
      others: [
        event('charge.succeeded', charge()),
        event('customer.updated', customer('acme', { id: 'cus_b' }), 5),
        event('customer.updated', customer('beta', { id: 'cus_c' }), 5),
      ],
    },
    'evidence of a payment': {
      settings: INVOICES,
      both: renderings('invoice.payment_succeeded', invoice({ amount_paid: 4000 }), invoice({ amount_paid: 5000 })),
    },
    'evidence of a refund': {
      settings: NET_INVOICES,
      both: renderings(
        'charge.refunded',
        { ...before, amount_refunded: 900, invoice: 'in_1' },
        { ...since, amount_refunded: 900, invoice: 'in_1' },
      ),
      others: [event('invoice.payment_succeeded', invoice())],
    },
  };
  for (const [what, { settings, both, others = [] }] of Object.entries(cases)) {
    for (const [how, order] of Object.entries({ 'older first': both, 'newer first': both.toReversed() })) {
      test(`${what}, ${how}`, () =>
        ends(settings, [...others, ...both], async (script) => {
          for (const [i, each] of [...others, ...order].entries()) await script.apply(String(i), each);
        }));
      test(`${what}, ${how}, in one batch`, () =>
        ends(settings, [...others, ...both], (script) => script.apply('A', ...others, ...order)));
    }
  }
});
