// What the tables must hold after a set of events: the contract of docs/behaviour.md read once more, apart from the code in
// functions/, and as simply as it can be read. All events at once, sorted by version; no order, no batches, no store.

import type { Event } from './history.js';
import type { Rows } from './rows.js';

interface ModelSettings {
  readonly transactionSource: 'charge' | 'invoice';
  readonly partialRefund: 'delete' | 'net';
  readonly livemode?: 'live' | 'test' | 'both';
}

type Row = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: payloads are what they are
type Payload = any;

const ORDER = [
  'customer.created customer.updated',
  'charge.succeeded,charge.failed charge.captured charge.updated charge.refunded,charge.expired',
];
const DAYS_90 = 7_776_000;

export function expectedRows(history: readonly Event[], settings: ModelSettings): Rows {
  const byId = new Map(history.map((event) => [event.id, event]));
  const events = [...byId.values()]
    .filter(
      (event) =>
        !settings.livemode || settings.livemode === 'both' || event.livemode === (settings.livemode === 'live'),
    )
    .map((event) => ({ ...event, version: version(event), object: event.data.object as Payload }))
    .sort((a, b) => (a.version < b.version ? -1 : 1));
  type Versioned = (typeof events)[number];

  const customers = new Map<string, Row>();
  const linkOf = new Map<string, string>();
  const exist = (key: string): Row => {
    const row = customers.get(key) ?? { customer_key: key };
    customers.set(key, row);
    return row;
  };
  /** Events come in the order of versions, so that the first claim is the earliest. */
  const claim = (event: Versioned, key: string, partner: string | undefined) => {
    const row = exist(key);
    if (partner !== undefined && row.partner_key === undefined)
      Object.assign(row, { partner_key: partner, partner_version: event.version });
  };

  const records: Versioned[] = [];
  const deletions: (Versioned & { reason: string })[] = [];
  const paidInvoices: Versioned[] = [];
  const refunds: Versioned[] = [];
  const failures: Versioned[] = [];
  const payers = new Map<string, string>();
  for (const event of events) {
    const { object, type } = event;
    const keys = readMetadata(object.metadata);
    if (type === 'customer.created' || type === 'customer.updated') {
      if (keys.customer === undefined) continue;
      const row = exist(keys.customer);
      for (const name of ['stripe_customer_id', 'name', 'email', 'livemode', 'version']) delete row[name];
      Object.assign(row, {
        stripe_customer_id: object.id,
        livemode: object.livemode ?? event.livemode,
        version: event.version,
      });
      if (object.name) row.name = object.name;
      if (object.email) row.email = object.email;
      linkOf.set(object.id, keys.customer);
      claim(event, keys.customer, keys.partner);
    } else if (
      settings.transactionSource === 'charge' &&
      /^charge\.(succeeded|captured|updated|refunded|failed|expired)$/.test(type)
    ) {
      const reason = whyDeleted(event, settings);
      const succeeded = object.status ? ['succeeded', 'paid'].includes(object.status) : object.paid === true;
      if (reason) deletions.push({ ...event, reason });
      else if (succeeded) records.push(event);
      else continue;
      if (keys.customer !== undefined) claim(event, keys.customer, keys.partner);
    } else if (settings.transactionSource === 'invoice') {
      if (type === 'charge.refunded') refunds.push(event);
      if (type === 'charge.failed') failures.push(event);
      if (type === 'invoice_payment.paid')
        for (const payer of payersIn(object.payment)) payers.set(payer, idOf(object.invoice)!);
      if (type === 'invoice.payment_succeeded') {
        for (const payment of [object, ...(object.payments?.data ?? []).map((each: Payload) => each.payment)])
          for (const payer of payersIn(payment)) payers.set(payer, object.id);
        if (paidAmount(object) === 0) continue;
        paidInvoices.push(event);
        const all = invoiceKeys(object);
        if (all.customer !== undefined) claim(event, all.customer, all.partner);
      }
    }
  }

  const transactions = new Map<string, Row>();
  for (const event of records) transactions.set(event.object.id, chargeRow(event));
  for (const event of deletions) {
    transactions.set(event.object.id, tombstone(event, event.reason, 'charge', captured(event.object), event));
  }
  const newestPaid = new Map(paidInvoices.map((event) => [event.object.id as string, event]));
  for (const [id, paid] of newestPaid) {
    const invoiceOf = ({ object }: Versioned) =>
      idOf(object.invoice) ?? payers.get(`pi ${idOf(object.payment_intent)}`) ?? payers.get(`ch ${object.id}`);
    const own = refunds.filter((refund) => invoiceOf(refund) === id);
    const counted =
      settings.partialRefund === 'delete'
        ? own
        : [...new Map(own.map((refund) => [refund.object.id, refund])).values()];
    const true_ = counted.filter((refund) => truly(refund.object) > 0);
    const total = true_.reduce((sum, refund) => sum + truly(refund.object), 0);
    const amount = paidAmount(paid.object);
    const gone = settings.partialRefund === 'delete' ? true_.length > 0 : true_.length > 0 && total >= amount;
    const failed = failures.filter(({ object }) => payers.get(`ch ${object.id}`) === id);
    const last = [...(gone ? true_ : []), ...failed].sort((a, b) => (a.version < b.version ? -1 : 1)).at(-1);
    if (last) {
      const reason = last.type === 'charge.failed' || last.object.status === 'failed' ? 'failed' : 'refunded';
      transactions.set(id, tombstone(last, reason, 'invoice', amount, paid));
    } else transactions.set(id, invoiceRow(paid, amount, total));
  }
  for (const row of transactions.values()) {
    if (row.status !== 'recorded') continue;
    const linked = linkOf.get(row.stripe_customer_id as string);
    if (row.customer_key !== undefined) row.customer_key_source = 'own';
    else if (linked !== undefined) Object.assign(row, { customer_key: linked, customer_key_source: 'linked' });
  }
  const list = (rows: Map<string, Row>) =>
    [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => clean(row));
  return { customers: list(customers), transactions: list(transactions) };
}

function version(event: Event): string {
  const ranks = ORDER.flatMap((line) => line.split(' ').map((types, rank) => [types.split(','), rank] as const));
  const rank = ranks.find(([types]) => types.includes(event.type))?.[1] ?? 0;
  return `${event.created.toString().padStart(12, '0')}#${rank}#${event.id}`;
}

function readMetadata(metadata: Payload) {
  const isMap = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
  const value = (name: string): string | undefined => {
    const raw = isMap ? metadata[name] : undefined;
    if (typeof raw !== 'string' || Buffer.byteLength(raw.trim()) > 2048) return undefined;
    return raw.trim() === '' ? undefined : raw.trim();
  };
  const gspk = value('gspk');
  const decoded = gspk === undefined ? undefined : decode(gspk);
  return { customer: value('customer_key'), partner: value('partner_key') ?? decoded, product: value('product_key') };
}

function decode(gspk: string): string | undefined {
  const standard = gspk.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '');
  const bytes = Buffer.from(standard, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '').slice(0, -1) !== standard.slice(0, -1)) return undefined;
  const text = bytes.toString('utf8').trim();
  return text === '' || text.includes('\uFFFD') ? undefined : text;
}

function invoiceKeys(invoice: Payload) {
  const sources = [
    invoice.metadata,
    invoice.parent?.subscription_details?.metadata,
    invoice.subscription_details?.metadata,
  ].map(readMetadata);
  const first = (name: 'customer' | 'partner' | 'product') =>
    sources.map((keys) => keys[name]).find((key) => key !== undefined);
  return { customer: first('customer'), partner: first('partner'), product: first('product') };
}

function idOf(reference: Payload): string | undefined {
  return (typeof reference === 'object' ? reference?.id : reference) || undefined;
}

function payersIn(payment: Payload): string[] {
  const intent = idOf(payment?.payment_intent);
  const charge = idOf(payment?.charge);
  return [...(intent ? [`pi ${intent}`] : []), ...(charge ? [`ch ${charge}`] : [])];
}

function paidAmount(invoice: Payload): number {
  return invoice.amount_paid ?? invoice.amount_due;
}

/** The captured amount, or the authorised one while uncaptured. */
function captured(charge: Payload): number {
  return charge.captured === false ? charge.amount : (charge.amount_captured ?? charge.amount);
}

/** What was refunded, less what a partial capture released. */
function truly(charge: Payload): number {
  const released = typeof charge.amount_captured === 'number' ? Math.max(0, charge.amount - charge.amount_captured) : 0;
  return Math.max(0, (charge.amount_refunded ?? 0) - released);
}

function whyDeleted({ type, object }: { type: string; object: Payload }, settings: ModelSettings): string | undefined {
  if (type === 'charge.failed' || object.status === 'failed') return 'failed';
  if (type === 'charge.expired') return 'expired';
  if (object.refunded === true) return 'refunded';
  const tells = type === 'charge.refunded' || typeof object.amount_captured === 'number';
  return settings.partialRefund === 'delete' && tells && truly(object) > 0 ? 'refunded' : undefined;
}

function chargeRow(event: { object: Payload; id: string; type: string; version: string; livemode: boolean }): Row {
  const { object } = event;
  const keys = readMetadata(object.metadata);
  return {
    ...common(object, event, captured(object), truly(object), 'charge', keys),
    captured: object.captured,
    payment_intent_id: idOf(object.payment_intent),
    invoice_id: idOf(object.invoice),
  };
}

function invoiceRow(
  event: { object: Payload; id: string; type: string; version: string; livemode: boolean },
  amount: number,
  refunded: number,
): Row {
  return {
    ...common(event.object, event, amount, refunded, 'invoice', invoiceKeys(event.object)),
    invoice_id: event.object.id,
  };
}

function common(
  object: Payload,
  event: { id: string; type: string; version: string; livemode: boolean },
  amount: number,
  refunded: number,
  source: string,
  keys: { customer: string | undefined; product: string | undefined },
): Row {
  return {
    transaction_id: object.id,
    status: 'recorded',
    source,
    amount,
    amount_refunded: refunded,
    amount_net: amount - refunded,
    currency: object.currency,
    created: object.created ?? object.date,
    stripe_customer_id: idOf(object.customer),
    customer_key: keys.customer,
    product_key: keys.product,
    livemode: object.livemode ?? event.livemode,
    event_id: event.id,
    event_type: event.type,
    version: event.version,
  };
}

function tombstone(
  event: { id: string; type: string; version: string; created: number },
  reason: string,
  source: string,
  amount: number,
  of: { object: Payload; livemode: boolean },
): Row {
  return {
    transaction_id: of.object.id,
    status: 'deleted',
    source,
    amount,
    currency: of.object.currency,
    created: of.object.created ?? of.object.date,
    livemode: of.object.livemode ?? of.livemode,
    version: event.version,
    event_id: event.id,
    event_type: event.type,
    deleted_reason: reason,
    expires_at: event.created + DAYS_90,
  };
}

function clean(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  );
}
