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

/** An object as one generation of Stripe's API renders it. */
type Rendered = (generation: Generation) => unknown;

const GENERATIONS = ['2014', '2015', '2020', '2025'] as const;
type Generation = (typeof GENERATIONS)[number];
const API_VERSIONS: Readonly<Record<Generation, string>> = {
  '2014': '2014-12-17',
  '2015': '2015-10-12',
  '2020': '2020-08-27',
  '2025': '2025-03-31.basil',
};

const CURRENCIES = ['usd', 'usd', 'usd', 'eur'];

const customer: fc.Arbitrary<Rendered> = fc
  .record({
    id: customerId,
    object: fc.constant('customer'),
    name: maybe(fc.constantFrom('Ann', 'Bob'), null, ''),
    email: maybe(fc.constantFrom('ann@example.com', 'bob@example.com'), null),
    livemode: maybe(fc.boolean(), undefined),
    metadata,
  })
  .map((object) => (generation) => (generation === '2014' ? { ...object, email: null } : object));

/** A charge in one of its states: captured, amount_captured and amount_refunded by the amount. */
const CHARGE_STATES: Readonly<Record<string, (amount: number) => readonly [boolean, number, number]>> = {
  succeeded: (amount) => [true, amount, 0],
  uncaptured: () => [false, 0, 0],
  partlyCaptured: (amount) => [true, 1500, amount - 1500],
  partlyRefunded: (amount) => [true, amount, 500],
  moreRefunded: (amount) => [true, amount, 1200],
  refunded: (amount) => [true, amount, amount],
  capturedAndRefunded: (amount) => [true, 1500, amount - 1500 + 400],
  canceled: (amount) => [false, 0, amount],
  failed: () => [false, 0, 0],
  pending: (amount) => [true, amount, 0],
};

const charge: fc.Arbitrary<Rendered> = fc
  .record({
    id: chargeId,
    state: fc.constantFrom(...Object.keys(CHARGE_STATES), 'succeeded', 'succeeded', 'partlyRefunded'),
    amount: fc.constantFrom(2000, 3000),
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
    created: fc.constantFrom(START, START, START - 100),
    currency: fc.constantFrom(...CURRENCIES),
    livemode: maybe(fc.boolean(), undefined),
    saysAmount: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
    metadata,
  })
  .map(({ state, amount, invoice, saysAmount, ...rest }) => (generation) => {
    const [captured, amount_captured, amount_refunded] = CHARGE_STATES[state]!(amount);
    const status = state === 'failed' || state === 'pending' ? state : 'succeeded';
    return {
      ...rest,
      object: 'charge',
      amount,
      ...(generation >= '2020' ? { amount_captured } : {}),
      ...(saysAmount ? { amount_refunded } : {}),
      captured,
      paid: status === 'succeeded',
      refunded: amount_refunded === amount,
      ...(generation === '2014' ? {} : { status: generation === '2015' && status === 'succeeded' ? 'paid' : status }),
      ...(generation === '2025' ? {} : { invoice }),
    };
  });

const refund: fc.Arbitrary<Rendered> = fc
  .record({
    id: fc.constantFrom('re_1', 're_2'),
    object: fc.constant('refund'),
    amount: fc.constantFrom(400, 500, 2000, 3000),
    charge: fc.oneof(
      { weight: 9, arbitrary: expandable(chargeId, 'charge') },
      { weight: 1, arbitrary: fc.constant(null) },
    ),
    payment_intent: maybe(intentId, null),
    status: fc.constantFrom('succeeded', 'succeeded', 'pending', 'requires_action', 'failed', 'canceled', null),
    created: maybe(time, undefined),
    currency: fc.constant('usd'),
  })
  .map((object) => (generation) => (generation === '2014' ? { ...object, status: undefined } : object));

const DISPUTE_STATUSES = `lost lost won needs_response under_review prevented warning_needs_response warning_closed
  appeal_needs_response appeal_under_review`.split(/\s+/);

const dispute: fc.Arbitrary<Rendered> = fc
  .record({
    id: fc.constantFrom('du_1', 'du_2'),
    object: fc.constant('dispute'),
    amount: fc.constantFrom(300, 2000, 3000),
    charge: fc.oneof(
      { weight: 9, arbitrary: expandable(chargeId, 'charge') },
      { weight: 1, arbitrary: fc.constant(null) },
    ),
    payment_intent: maybe(intentId, null),
    status: fc.constantFrom(...DISPUTE_STATUSES),
    currency: fc.constantFrom(...CURRENCIES),
  })
  .map((object) => () => object);

const payment = fc.oneof(
  intentId.map((payment_intent) => ({ type: 'payment_intent', payment_intent })),
  chargeId.map((charge) => ({ type: 'charge', charge })),
);

/** Total, and what the invoice says about its tax. */
const tax = fc.constantFrom<Record<string, unknown>>(
  { total: 6000, total_excluding_tax: 5000, tax: 1000 },
  { total: 6000, tax: 999 },
  { total: 3000, total_tax_amounts: [{ amount: 301 }, { amount: 200 }] },
  { total: 0, total_excluding_tax: 0 },
  { total: 2000, total_excluding_tax: 2000 },
  { total: 2000, tax: null },
  {},
);

const invoice: fc.Arbitrary<Rendered> = fc
  .record({
    id: invoiceId,
    amount_paid: fc.constantFrom(0, 2000, 3000, 5000),
    created: fc.constantFrom(START, START, START - 100),
    currency: fc.constantFrom(...CURRENCIES),
    customer: fc.oneof({ weight: 4, arbitrary: customerId }, { weight: 1, arbitrary: fc.constant(null) }),
    livemode: maybe(fc.boolean(), undefined),
    // An invoice without a customer_key in its metadata depends on its customer: two thirds of the invoices do.
    metadata: fc.oneof({ weight: 1, arbitrary: metadata }, { weight: 3, arbitrary: fc.constant({}) }),
    subscription: fc.oneof({ weight: 1, arbitrary: metadata }, { weight: 3, arbitrary: fc.constant({}) }),
    charge: maybe(expandable(chargeId, 'charge'), null),
    payment_intent: maybe(expandable(intentId, 'payment_intent'), null),
    payments: fc.array(payment, { maxLength: 3 }),
    outOfBand: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    tax,
  })
  .map(
    ({ subscription, charge, payment_intent, payments, amount_paid, created, outOfBand, tax, ...rest }) =>
      (generation) => ({
        ...rest,
        ...tax,
        object: 'invoice',
        paid_out_of_band: outOfBand,
        ...(generation === '2014' ? { date: created, amount_due: amount_paid, paid: true } : { created, amount_paid }),
        ...(generation === '2025'
          ? {
              parent: { type: 'subscription_details', subscription_details: { metadata: subscription } },
              payments: { object: 'list', data: payments.map((payment) => ({ object: 'invoice_payment', payment })) },
            }
          : { subscription_details: { metadata: subscription }, charge, payment_intent }),
      }),
  );

const invoicePayment: fc.Arbitrary<Rendered> = fc
  .record({
    id: fc.constant('inpay_1'),
    object: fc.constant('invoice_payment'),
    invoice: expandable(invoiceId, 'invoice'),
    livemode: fc.constant(false),
    payment,
  })
  .map((object) => () => object);

const CUSTOMER_TYPES = ['customer.created', 'customer.updated', 'customer.updated', 'customer.deleted'];
const CHARGE_TYPES = ['succeeded', 'captured', 'updated', 'refunded', 'refunded', 'failed', 'expired'].map(
  (name) => `charge.${name}`,
);
const REFUND_TYPES = ['refund.created', 'refund.updated', 'refund.failed', 'charge.refund.updated'];
const DISPUTE_TYPES = ['created', 'updated', 'closed', 'funds_withdrawn', 'funds_reinstated'].map(
  (name) => `charge.dispute.${name}`,
);

const typed = (types: readonly string[], object: fc.Arbitrary<Rendered>) =>
  fc.record({
    type: fc.constantFrom(...types),
    created: time,
    object,
    generation: fc.constantFrom(...GENERATIONS),
    /** The same event in another rendering, as the API would return it. */
    again: fc.oneof(
      { weight: 5, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom(...GENERATIONS) },
    ),
  });

const event = (transactionSource: 'charge' | 'invoice') =>
  transactionSource === 'charge'
    ? fc.oneof(
        { weight: 2, arbitrary: typed(CUSTOMER_TYPES, customer) },
        { weight: 3, arbitrary: typed(CHARGE_TYPES, charge) },
        { weight: 2, arbitrary: typed(REFUND_TYPES, refund) },
        { weight: 1, arbitrary: typed(DISPUTE_TYPES, dispute) },
      )
    : fc.oneof(
        { weight: 2, arbitrary: typed(CUSTOMER_TYPES, customer) },
        {
          weight: 3,
          arbitrary: typed(['charge.refunded', 'charge.refunded', 'charge.failed', 'charge.succeeded'], charge),
        },
        { weight: 2, arbitrary: typed(REFUND_TYPES, refund) },
        { weight: 1, arbitrary: typed(DISPUTE_TYPES, dispute) },
        { weight: 3, arbitrary: typed(['invoice.payment_succeeded', 'invoice.paid'], invoice) },
        { weight: 2, arbitrary: typed(['invoice_payment.paid'], invoicePayment) },
      );

/** A history: a set of events, as Stripe would have made them, some of them in two renderings. */
export function histories(transactionSource: 'charge' | 'invoice', maxLength = 9): fc.Arbitrary<Event[]> {
  return fc.array(event(transactionSource), { minLength: 1, maxLength }).map((events) =>
    events.flatMap(({ type, created, object, generation, again }, i) => {
      const rendering = (each: Generation): Event => ({
        id: `evt_${i + 1}`,
        type,
        created,
        livemode: i % 7 === 6,
        api_version: API_VERSIONS[each],
        data: { object: object(each) as Record<string, unknown> },
      });
      return [rendering(generation), ...(again === undefined ? [] : [rendering(again)])];
    }),
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
