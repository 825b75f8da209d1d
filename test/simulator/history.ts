// Small random histories about few IDs, so that events meet: links that move and come back, partner claims, charges with and
// without keys in their metadata, refunds that are undone, disputes that are lost, appealed and won, an invoice with up to three
// payments, IDs with `#`, one event in two renderings.

import type { Settings } from '../../contract/settings.js';
import type { Event } from '../support/builders/history.js';
import { charge, customer, type Ids, invoice, type Payload, type Rendered, reversalEvent, START } from './payloads.js';
import type { Disturbances } from './profiles.js';
import type { Random } from './random.js';
import type { Counts, Message } from './world.js';

export interface History {
  readonly settings: Settings;
  readonly messages: readonly Message[];
}

const API_VERSIONS = ['2014-12-17', '2015-10-12', '2020-08-27', '2025-03-31.basil'] as const;

export function randomHistory(random: Random, source: Settings['transactionSource'], may: Disturbances): History {
  const settings: Settings = {
    transactionSource: source,
    partialRefund: random.pick(['delete', 'net']),
    livemode: random.pick(['both', 'both', 'both', 'test']),
    disputes: random.pick(['lost', 'lost', 'open', 'ignore']),
    amountBasis: source === 'invoice' && random.chance(0.3) ? 'excluding_tax' : 'paid',
  };
  // The query of a customer's dependents has a second page only where it has several.
  const isCrowded = may.batches && random.chance(0.4);
  const ids = isCrowded ? crowded(idsOf(random)) : idsOf(random);
  const theme = themeOf(random);
  // Few events are more often in one place at one time than many.
  const count = (isCrowded ? 4 : 2) + (random.chance(0.6) ? random.below(3) : random.below(7));
  const messages: Message[] = [];
  for (let i = 1; i <= count; i++) {
    const drawn = source === 'charge' ? chargeModeEvent(random, ids, theme) : invoiceModeEvent(random, ids, theme);
    const [apiVersion, other] = [random.pick(API_VERSIONS), random.pick(API_VERSIONS)];
    const envelope = {
      id: `evt_${i}`,
      type: drawn.type,
      created: START + random.below(5),
      livemode: random.chance(0.03),
    };
    const render = (version: string): Event => ({
      ...envelope,
      api_version: version,
      data: { object: drawn.object(version) },
    });
    const first = render(apiVersion);
    messages.push({ id: first.id, event: first });
    if (ids.renderings && random.chance(0.3) && other !== apiVersion)
      messages.push({ id: `${first.id} in API ${other}`, event: render(other) });
    if (may.concurrency && random.chance(0.15)) messages.push({ id: `${first.id} once more`, event: first });
  }
  if (random.chance(0.7)) random.shuffle(messages);
  return { settings, messages };
}

/** Counts what only some histories hold. */
export function countHistory(counts: Counts, { messages }: History): void {
  for (const { event } of messages) {
    const isOther = ({ event: { id, api_version } }: Message) => id === event.id && api_version !== event.api_version;
    if (messages.some(isOther)) counts.renderings++;
    if (JSON.stringify(event.data).includes('#')) counts.hashes++;
  }
}

function idsOf(random: Random): Ids {
  // IDs and keys with the character that the store's own keys are joined with.
  const mark = random.chance(0.1) ? '#' : '';
  const fewCustomers = random.chance(0.7);
  return {
    renderings: random.chance(0.15),
    customers: fewCustomers ? [`cus_${mark}a`] : [`cus_${mark}a`, `cus_${mark}a`, 'cus_b'],
    keys: random.pick([
      [`ac${mark}me`, 'beta'],
      [`ac${mark}me`, 'beta', 'gamma'],
    ]),
    charges: random.pick([[`ch_${mark}1`], [`ch_${mark}1`, 'ch_2'], ['ch_1', 'ch_2', 'ch_3']]),
    invoices: random.pick([[`in_${mark}1`], ['in_1', 'in_1', 'in_2']]),
    ownKeys: random.pick([0, 0, 0.3]),
    partners: random.pick([0, 0.3, 0.8]),
    currency: random.pick(['usd', 'eur']),
  };
}

/** More payments, of one Stripe customer. */
function crowded(ids: Ids): Ids {
  return {
    ...ids,
    customers: ids.customers.slice(0, 1),
    charges: [...new Set([...ids.charges, 'ch_2', 'ch_3', 'ch_4'])],
    invoices: [...new Set([...ids.invoices, 'in_2', 'in_3', 'in_4'])],
  };
}

/** What a history is mostly about: how often an event is a customer's, how often a reversal, and how many of those are appeals. */
type Theme = { readonly customers: number; readonly reversals: number; readonly appeals: number };

function themeOf(random: Random): Theme {
  return random.pick([
    { customers: 0.5, reversals: 0, appeals: 0 },
    { customers: 0.25, reversals: 0, appeals: 0 },
    { customers: 0.35, reversals: 0.25, appeals: 0 },
    { customers: 0.1, reversals: 0.6, appeals: 0 },
    { customers: 0.1, reversals: 0.6, appeals: 0.6 },
  ]);
}

type Drawn = { readonly type: string; readonly object: Rendered };

function metadata(random: Random, ids: Ids, keyed: number): Payload {
  const fields: Payload = {};
  if (random.chance(keyed)) fields.customer_key = random.pick(ids.keys);
  if (random.chance(ids.partners)) fields.partner_key = random.pick(['p1', 'p2', 'p3']);
  if (random.chance(0.1)) fields.product_key = 'gold';
  return fields;
}

function customerEvent(random: Random, ids: Ids): Drawn {
  const types = ['created', 'updated', 'updated', 'updated', 'deleted'];
  return { type: `customer.${random.pick(types)}`, object: customer(random, ids, metadata(random, ids, 0.92)) };
}

const CHARGE_TYPES = [
  'succeeded',
  'succeeded',
  'succeeded',
  'updated',
  'updated',
  'captured',
  'refunded',
  'failed',
  'expired',
];
const STATES: Readonly<Record<string, readonly string[]>> = {
  succeeded: ['whole', 'whole', 'whole', 'uncaptured', 'pending'],
  updated: ['whole', 'whole', 'partly refunded', 'refunded'],
  captured: ['whole', 'partly captured'],
  refunded: ['refunded', 'partly refunded', 'partly captured and refunded', 'canceled', 'silent'],
  failed: ['failed'],
  expired: ['canceled'],
};

function chargeModeEvent(random: Random, ids: Ids, theme: Theme): Drawn {
  if (random.chance(theme.customers)) return customerEvent(random, ids);
  const id = random.pick(ids.charges);
  if (random.chance(theme.reversals)) return reversalEvent(random, ids, [id, 'pi_1'], theme.appeals);
  const name = random.pick(CHARGE_TYPES);
  return {
    type: `charge.${name}`,
    object: charge(random, ids, random.pick(STATES[name]!), {
      id,
      customer: random.chance(0.95) ? random.pick(ids.customers) : null,
      payment_intent: random.pick(['pi_1', null]),
      invoice: random.pick([null, null, 'in_1']),
      metadata: metadata(random, ids, ids.ownKeys),
    }),
  };
}

function invoiceModeEvent(random: Random, ids: Ids, theme: Theme): Drawn {
  if (random.chance(theme.customers * 0.6)) return customerEvent(random, ids);
  const number = 1 + random.below(3);
  const [intent, chargeId] = [`pi_${number}`, `ch_${number}`];
  if (random.chance(theme.reversals)) return reversalEvent(random, ids, [chargeId, intent], theme.appeals);
  const roll = random.next();
  if (roll < 0.35) {
    const types = ['invoice.payment_succeeded', 'invoice.paid'];
    const keys = [metadata(random, ids, ids.ownKeys), metadata(random, ids, ids.ownKeys)] as const;
    return { type: random.pick(types), object: invoice(random, ids, intent, chargeId, keys) };
  }
  if (roll < 0.6) {
    const payment = random.chance(0.8)
      ? { type: 'payment_intent', payment_intent: intent }
      : { type: 'charge', charge: chargeId };
    const object = {
      id: 'inpay_1',
      object: 'invoice_payment',
      livemode: false,
      invoice: random.pick(ids.invoices),
      payment,
    };
    return { type: 'invoice_payment.paid', object: () => object };
  }
  const failed = random.chance(0.15);
  return {
    type: failed ? 'charge.failed' : 'charge.refunded',
    object: charge(
      random,
      ids,
      failed ? 'failed' : random.pick(['refunded', 'partly refunded', 'partly refunded', 'silent']),
      {
        id: chargeId,
        customer: random.pick(ids.customers),
        payment_intent: random.chance(0.85) ? intent : null,
        invoice: random.chance(0.2) ? random.pick(ids.invoices) : null,
        metadata: {},
      },
    ),
  };
}
