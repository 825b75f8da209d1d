// Random histories over few ids, so that events collide: all types, all settings, payloads of every generation of the API.

import fc from 'fast-check';
import type { Event } from './history.js';

const START = 1_750_000_000;

const maybe = <T>(value: fc.Arbitrary<T>, ...others: unknown[]) =>
  fc.oneof(value, ...others.map((other) => fc.constant(other)));

const metadataValue = (name: string, values: readonly string[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...values).map((value) => ({ [name]: value })) },
    { weight: 6, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        { [name]: '' },
        { [name]: '  ' },
        { [name]: 7 },
        { [name]: { nested: 'x' } },
        { [name]: ' acme ' },
      ),
    },
  );

/** `cDk=` is p9, `cMOpZQ` is pée in base64 without padding, `!!!` is nothing. */
const metadata: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(
        metadataValue('customer_key', ['acme', 'beta', 'ключ']),
        metadataValue('partner_key', ['p1', 'p2']),
        metadataValue('product_key', ['gold']),
        metadataValue('gspk', ['cDk=', 'cMOpZQ', '!!!']),
      )
      .map((parts) => Object.assign({}, ...parts)),
  },
  { weight: 1, arbitrary: fc.constantFrom(null, undefined, 'text', [], 5) },
);

const customerId = fc.constantFrom('cus_a', 'cus_b');
const chargeId = fc.constantFrom('ch_1', 'ch_2', 'ch_3');
const intentId = fc.constantFrom('pi_1', 'pi_2');
const invoiceId = fc.constantFrom('in_1', 'in_2');
const time = fc.integer({ min: 0, max: 4 }).map((second) => START + second);
const expandable = <T extends string>(id: fc.Arbitrary<T>, object: string) =>
  fc.oneof(
    { weight: 5, arbitrary: id as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: id.map((id) => ({ id, object })) },
  );

const customer = fc.record({
  id: customerId,
  object: fc.constant('customer'),
  name: maybe(fc.constantFrom('Ann', 'Bob'), null, ''),
  email: maybe(fc.constantFrom('ann@example.com', 'bob@example.com'), null),
  livemode: fc.constant(false),
  metadata,
});

/** A charge in one of its states, in one of its generations' shapes. */
const charge = fc
  .record({
    id: chargeId,
    state: fc.constantFrom(
      'succeeded',
      'uncaptured',
      'partlyCaptured',
      'partlyRefunded',
      'refunded',
      'capturedAndRefunded',
      'failed',
      'pending',
      'expired',
    ),
    amount: fc.constantFrom(2000, 3000),
    generation: fc.constantFrom('2014', '2015', '2020', '2025'),
    customer: fc.oneof(
      { weight: 4, arbitrary: expandable(customerId, 'customer') },
      { weight: 1, arbitrary: fc.constant(null) },
    ),
    payment_intent: fc.oneof(
      { weight: 3, arbitrary: expandable(intentId, 'payment_intent') },
      { weight: 1, arbitrary: fc.constant(null) },
    ),
    invoice: fc.oneof(
      { weight: 1, arbitrary: expandable(invoiceId, 'invoice') },
      { weight: 2, arbitrary: fc.constant(null) },
    ),
    metadata,
  })
  .map(({ state, generation, amount, invoice, ...rest }) => {
    const money: Record<string, [captured: boolean, amountCaptured: number, amountRefunded: number]> = {
      succeeded: [true, amount, 0],
      uncaptured: [false, 0, 0],
      partlyCaptured: [true, 1500, amount - 1500],
      partlyRefunded: [true, amount, 500],
      refunded: [true, amount, amount],
      capturedAndRefunded: [true, 1500, amount - 1500 + 400],
      failed: [false, 0, 0],
      pending: [true, amount, 0],
      expired: [false, 0, amount],
    };
    const [captured, amount_captured, amount_refunded] = money[state]!;
    const status = state === 'failed' || state === 'pending' ? state : 'succeeded';
    return {
      ...rest,
      object: 'charge',
      amount,
      ...(generation >= '2020' ? { amount_captured } : {}),
      amount_refunded,
      captured,
      created: START,
      currency: 'usd',
      livemode: false,
      paid: status === 'succeeded',
      refunded: amount_refunded === amount,
      ...(generation === '2014' ? {} : { status: generation === '2015' && status === 'succeeded' ? 'paid' : status }),
      ...(generation === '2025' ? {} : { invoice }),
    };
  });

const payment = fc.oneof(
  intentId.map((payment_intent) => ({ type: 'payment_intent', payment_intent })),
  chargeId.map((charge) => ({ type: 'charge', charge })),
);

const invoice = fc
  .record({
    id: invoiceId,
    amount_paid: fc.constantFrom(0, 2000, 3000, 5000),
    customer: maybe(customerId, null),
    metadata,
    subscription: metadata,
    generation: fc.constantFrom('2014', '2020', '2025'),
    charge: maybe(expandable(chargeId, 'charge'), null),
    payment_intent: maybe(expandable(intentId, 'payment_intent'), null),
    payments: fc.array(payment, { maxLength: 2 }),
  })
  .map(({ generation, subscription, charge, payment_intent, payments, amount_paid, ...rest }) => ({
    ...rest,
    object: 'invoice',
    currency: 'usd',
    livemode: false,
    ...(generation === '2014' ? { date: START, amount_due: amount_paid, paid: true } : { created: START, amount_paid }),
    ...(generation === '2025'
      ? {
          parent: { type: 'subscription_details', subscription_details: { metadata: subscription } },
          payments: { object: 'list', data: payments.map((payment) => ({ object: 'invoice_payment', payment })) },
        }
      : { subscription_details: { metadata: subscription }, charge, payment_intent }),
  }));

const invoicePayment = fc.record({
  id: fc.constant('inpay_1'),
  object: fc.constant('invoice_payment'),
  invoice: expandable(invoiceId, 'invoice'),
  livemode: fc.constant(false),
  payment,
});

const CHARGE_TYPES = ['succeeded', 'captured', 'updated', 'refunded', 'failed', 'expired'].map(
  (name) => `charge.${name}`,
);

const typed = (types: readonly string[], object: fc.Arbitrary<unknown>) =>
  fc.record({ type: fc.constantFrom(...types), created: time, object });

const event = (transactionSource: 'charge' | 'invoice') =>
  transactionSource === 'charge'
    ? fc.oneof(
        { weight: 2, arbitrary: typed(['customer.created', 'customer.updated'], customer) },
        { weight: 3, arbitrary: typed(CHARGE_TYPES, charge) },
      )
    : fc.oneof(
        { weight: 2, arbitrary: typed(['customer.created', 'customer.updated'], customer) },
        {
          weight: 3,
          arbitrary: typed(['charge.refunded', 'charge.refunded', 'charge.failed', 'charge.succeeded'], charge),
        },
        { weight: 3, arbitrary: typed(['invoice.payment_succeeded'], invoice) },
        { weight: 2, arbitrary: typed(['invoice_payment.paid'], invoicePayment) },
      );

/** A history: a set of events, as Stripe would have made them. */
export function histories(transactionSource: 'charge' | 'invoice', maxLength = 9): fc.Arbitrary<Event[]> {
  return fc.array(event(transactionSource), { minLength: 1, maxLength }).map((events) =>
    events.map(
      ({ type, created, object }, i): Event => ({
        id: `evt_${i + 1}`,
        type,
        created,
        livemode: false,
        data: { object: object as Record<string, unknown> },
      }),
    ),
  );
}

/** How a history is delivered: any order, any duplicates, any split into batches. */
export function deliveries(history: readonly Event[]): fc.Arbitrary<Event[][]> {
  return fc
    .record({
      order: fc.shuffledSubarray([...history], { minLength: history.length }),
      again: fc.array(fc.nat(Math.max(0, history.length - 1)), { maxLength: 4 }),
      places: fc.array(fc.nat(100), { minLength: 4, maxLength: 4 }),
      cuts: fc.array(fc.boolean(), { minLength: history.length + 4, maxLength: history.length + 4 }),
    })
    .map(({ order, again, places, cuts }) => {
      const all = [...order];
      again.forEach((index, i) => {
        all.splice(places[i]! % (all.length + 1), 0, history[index]!);
      });
      const batches: Event[][] = [[]];
      all.forEach((each, i) => {
        if (i > 0 && cuts[i]) batches.push([]);
        batches.at(-1)!.push(each);
      });
      return batches;
    });
}

/** A history in the words of a person, for a counterexample. */
export function describeHistory(batches: readonly (readonly Event[])[]): string {
  return batches
    .map((batch, i) =>
      batch
        .map(
          (event) =>
            `  batch ${i + 1}: ${event.id} ${event.type} at +${event.created - START}s ${JSON.stringify(event.data.object)}`,
        )
        .join('\n'),
    )
    .join('\n');
}
