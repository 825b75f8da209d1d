// What the tables must hold after a set of events: the contract of docs/behaviour.md read a second time, apart from the code in
// functions/, and as simply as possible. It takes all events together, sorted by version: no order, no batches, no store.

import type { Event } from '../builders/history.js';
import type { Rows } from './rows.js';

export interface ModelSettings {
  readonly transactionSource: 'charge' | 'invoice';
  readonly partialRefund: 'delete' | 'net';
  readonly livemode?: 'live' | 'test' | 'both';
  readonly disputes?: 'ignore' | 'lost' | 'open';
  readonly amountBasis?: 'paid' | 'excluding_tax';
}

type Row = Record<string, unknown>;
// biome-ignore lint/suspicious/noExplicitAny: payloads come in every shape
type Payload = any;

/** An event with its version, its second and its object at hand. */
interface Fact {
  readonly id: string;
  readonly type: string;
  readonly at: number;
  readonly version: string;
  readonly livemode: boolean;
  readonly object: Payload;
}

/** The table of ranks, as the contract prints it; every other type has rank 0. */
const RANKS: readonly (readonly string[])[] = [
  [],
  ['customer.updated', 'charge.captured', 'refund.updated', 'charge.refund.updated', 'charge.dispute.funds_withdrawn'],
  ['customer.deleted', 'charge.updated', 'refund.failed', 'charge.dispute.updated'],
  ['charge.refunded', 'charge.expired', 'charge.dispute.funds_reinstated'],
  ['charge.dispute.closed'],
];

export function expectedRows(history: readonly Event[], settings: ModelSettings): Rows {
  const facts = factsOf(history, settings);
  const { customers, links, touch } = customersOf(facts);
  const transactions =
    settings.transactionSource === 'charge' ? charges(facts, settings, touch) : invoices(facts, settings, touch);
  for (const row of transactions) {
    const key = row.customer_key ?? links.get(row.stripe_customer_id as string);
    if (key === undefined) continue;
    row.customer_key_source = row.customer_key === undefined ? 'linked' : 'own';
    delete row.customer_key;
    row[row.status === 'deleted' ? 'deleted_customer_key' : 'customer_key'] = key;
  }
  return {
    customers: sortedBy('customer_key', [...customers.values()].map(clean)),
    transactions: sortedBy('transaction_id', transactions.map(clean)),
  };
}

/** Each event once, in its greatest rendering, of the wanted mode, oldest first. */
function factsOf(history: readonly Event[], settings: ModelSettings): Fact[] {
  const renderings = new Map<string, Event>();
  for (const event of history) {
    const other = renderings.get(event.id);
    if (!other || (event.api_version ?? '') > (other.api_version ?? '')) renderings.set(event.id, event);
  }
  const wanted = [...renderings.values()].filter(({ livemode }) => {
    if (settings.livemode === 'live') return livemode;
    return settings.livemode === 'test' ? !livemode : true;
  });
  const facts = wanted.map(({ id, type, created, livemode, data }): Fact => {
    const rank = Math.max(
      0,
      RANKS.findIndex((types) => types.includes(type)),
    );
    const version = `${String(created).padStart(12, '0')}#${rank}#${id}`;
    return { id, type, at: created, version, livemode, object: data.object };
  });
  return facts.sort((a, b) => (a.version < b.version ? -1 : 1));
}

function customersOf(facts: readonly Fact[]) {
  const customers = new Map<string, Row>();
  const links = new Map<string, string>();
  const claims: { fact: Fact; key: string; partner: string }[] = [];
  /** `customers[K]` exists, and the fact may say who referred it. */
  const touch = (
    fact: Fact,
    keys: { customer?: string | undefined; partner?: string | undefined },
  ): Row | undefined => {
    if (keys.customer === undefined) return undefined;
    const row = customers.get(keys.customer) ?? { customer_key: keys.customer };
    customers.set(keys.customer, row);
    if (keys.partner !== undefined) {
      claims.push({ fact, key: keys.customer, partner: keys.partner });
      const first = claims
        .filter(({ key }) => key === keys.customer)
        .reduce((a, b) => (b.fact.version < a.fact.version ? b : a));
      Object.assign(row, { partner_key: first.partner, partner_version: first.fact.version });
    }
    return row;
  };
  for (const fact of facts) {
    if (!['customer.created', 'customer.updated', 'customer.deleted'].includes(fact.type)) continue;
    const { object } = fact;
    const row = touch(fact, readMetadata(object.metadata));
    if (!row) continue;
    const isDeleted = fact.type === 'customer.deleted';
    Object.assign(row, {
      stripe_customer_id: object.id,
      name: isDeleted ? undefined : object.name,
      email: isDeleted ? undefined : object.email,
      livemode: object.livemode ?? fact.livemode,
      version: fact.version,
    });
    links.set(object.id, row.customer_key as string);
  }
  return { customers, links, touch };
}

type Touch = ReturnType<typeof customersOf>['touch'];

function charges(facts: readonly Fact[], settings: ModelSettings, touch: Touch): Row[] {
  const decisive = facts.filter(({ type, object }) => {
    if (!/^charge\.(succeeded|captured|updated|refunded|failed|expired)$/.test(type)) return false;
    return type === 'charge.failed' || type === 'charge.expired' || /^(succeeded|paid|failed)$/.test(statusOf(object));
  });
  for (const fact of decisive) touch(fact, readMetadata(fact.object.metadata));
  const ids = [...new Set(decisive.map(({ object }) => object.id as string))];
  return ids.map((id) => {
    const own = decisive.filter(({ object }) => object.id === id);
    const failures = own.filter(({ type, object }) => type === 'charge.expired' || hasFailed(type, object));
    const last = (failures.at(-1) ?? own.at(-1))!;
    const { object } = last;
    const keys = readMetadata(object.metadata);
    const isCaptured = object.captured !== false && failures.length === 0;
    const row: Row = {
      transaction_id: id,
      source: 'charge',
      amount: isCaptured ? (object.amount_captured ?? object.amount) : object.amount,
      captured: object.captured,
      payment_intent_id: idOf(object.payment_intent),
      invoice_id: idOf(object.invoice),
      ...described(last, keys),
    };
    if (failures.length > 0) {
      const reason = hasFailed(last.type, object) ? 'failed' : 'expired';
      return finish(row, { refunded: 0, disputed: 0, by: [last] }, settings, reason);
    }
    const part = reversals(id, last, facts, row.amount as number, row.currency as string | undefined, settings);
    return finish(row, { ...part, by: [last, ...part.by] }, settings);
  });
}

function invoices(facts: readonly Fact[], settings: ModelSettings, touch: Touch): Row[] {
  const paid = facts.filter(
    ({ type, object }) =>
      (type === 'invoice.payment_succeeded' || (type === 'invoice.paid' && object.paid_out_of_band !== true)) &&
      paidAmount(object) > 0,
  );
  for (const fact of paid) touch(fact, invoiceKeys(fact.object));
  const payers = payersOf(facts);
  const refunds = facts.filter(({ type }) => type === 'charge.refunded');
  const chargeIds = [...new Set(facts.flatMap((fact) => chargeOf(fact, settings) ?? []))];
  return [...new Set(paid.map(({ object }) => object.id as string))].map((id) => {
    const last = paid.filter(({ object }) => object.id === id).at(-1)!;
    const keys = invoiceKeys(last.object);
    const amount = paidAmount(last.object);
    const row: Row = { transaction_id: id, source: 'invoice', amount, invoice_id: id, ...described(last, keys) };
    const sum = { refunded: 0, disputed: 0, by: [last] };
    for (const chargeId of chargeIds) {
      const shown = refunds.filter(({ object }) => object.id === chargeId).at(-1);
      const intents = new Set(
        facts.filter((fact) => chargeOf(fact, settings) === chargeId).map(({ object }) => idOf(object.payment_intent)),
      );
      const byIntent = payers
        .filter(({ payer }) => [...intents].some((intent) => intent && payer === `pi ${intent}`))
        .at(-1);
      const byCharge = payers.filter(({ payer }) => payer === `ch ${chargeId}`).at(-1);
      if ((idOf(shown?.object.invoice) ?? byIntent?.invoice ?? byCharge?.invoice) !== id) continue;
      const part = reversals(chargeId, shown, facts, amount, row.currency as string | undefined, settings);
      sum.refunded += part.refunded;
      sum.disputed += part.disputed;
      sum.by.push(...part.by, ...(shown && shownRefund(shown) > 0 ? [shown] : []));
    }
    sum.refunded = Math.min(sum.refunded, amount);
    sum.disputed = Math.min(sum.disputed, amount - sum.refunded);
    const failed = facts.filter(
      ({ type, object }) =>
        type === 'charge.failed' && payers.filter(({ payer }) => payer === `ch ${object.id}`).at(-1)?.invoice === id,
    );
    const result =
      failed.length > 0 ? finish(row, { ...sum, by: failed }, settings, 'failed') : finish(row, sum, settings);
    return settings.amountBasis === 'excluding_tax' ? withoutTax(result, last.object) : result;
  });
}

/** The charge that an event of a charge, a refund or a dispute is about, in invoice mode. */
function chargeOf({ type, object }: Fact, settings: ModelSettings): string | undefined {
  if (type === 'charge.refunded' || type === 'charge.failed') return object.id;
  return isRefund(type) || isDispute(type, settings) ? idOf(object.charge) : undefined;
}

/** Which invoice each payment paid, oldest word first. */
function payersOf(facts: readonly Fact[]): { payer: string; invoice: string }[] {
  return facts.flatMap(({ type, object }) => {
    if (type === 'invoice_payment.paid')
      return payersIn(object.payment).map((payer) => ({ payer, invoice: idOf(object.invoice)! }));
    if (type !== 'invoice.payment_succeeded' && type !== 'invoice.paid') return [];
    if (type === 'invoice.paid' && object.paid_out_of_band === true) return [];
    const named = [object, ...(object.payments?.data ?? []).map((each: Payload) => each.payment)];
    return named.flatMap(payersIn).map((payer) => ({ payer, invoice: object.id as string }));
  });
}

/** How much of one charge is reversed, and the events that say so, without C. */
function reversals(
  chargeId: string,
  c: Fact | undefined,
  facts: readonly Fact[],
  amount: number,
  currency: string | undefined,
  settings: ModelSettings,
) {
  const newestOfEach = (some: readonly Fact[]) => [
    ...new Map(
      some.filter(({ object }) => idOf(object.charge) === chargeId).map((fact) => [fact.object.id ?? chargeId, fact]),
    ).values(),
  ];
  const by: Fact[] = [];
  let lessened = 0;
  let added = 0;
  for (const refund of newestOfEach(facts.filter(({ type }) => isRefund(type)))) {
    const isUndone = refund.type === 'refund.failed' || ['failed', 'canceled'].includes(refund.object.status);
    const made = refund.object.created ?? refund.at;
    const isAfterMaking = c !== undefined && (made < c.at || (made === c.at && c.type === 'charge.refunded'));
    const isBeforeUndoing =
      c !== undefined && (refund.at > c.at || (refund.at === c.at && c.type === 'charge.refunded'));
    if (!isUndone && !isAfterMaking) added += refund.object.amount;
    else if (isUndone && isAfterMaking && isBeforeUndoing) lessened += refund.object.amount;
    else continue;
    by.push(refund);
  }
  const shown = c === undefined ? 0 : countedOf(c, chargeId, facts, settings);
  const refunded = Math.min(amount, Math.max(0, shown - lessened) + added);
  const counting = newestOfEach(facts.filter(({ type }) => isDispute(type, settings))).filter(({ object }) => {
    if (settings.disputes === 'open') return !/^(won|prevented|warning_.*)$/.test(object.status);
    return ['lost', 'appeal_needs_response', 'appeal_under_review'].includes(object.status);
  });
  let disputed = 0;
  for (const { object } of counting) disputed += object.currency === currency ? object.amount : amount;
  return { refunded, disputed: Math.min(disputed, amount - refunded), by: [...by, ...counting] };
}

/** "Shown by C", less than that where C cannot tell a refund from a released amount. */
function countedOf(c: Fact, chargeId: string, facts: readonly Fact[], settings: ModelSettings): number {
  const isOld = typeof c.object.amount_captured !== 'number';
  if (!isOld || settings.partialRefund === 'net') return shownRefund(c);
  const wasRefunded = facts.some(
    (fact) => fact.type === 'charge.refunded' && fact.object.id === chargeId && shownRefund(fact) > 0,
  );
  return c.object.refunded === true || wasRefunded ? Math.max(1, shownRefund(c)) : 0;
}

function shownRefund({ type, object }: Fact): number {
  if (typeof object.amount_refunded !== 'number') return type === 'charge.refunded' ? object.amount : 0;
  const isPartlyCaptured = object.captured !== false && typeof object.amount_captured === 'number';
  return Math.max(0, object.amount_refunded - (isPartlyCaptured ? object.amount - object.amount_captured : 0));
}

/** A row with its amounts and its state. `reason` is there if the payment failed. */
function finish(
  row: Row,
  { refunded, disputed, by }: { refunded: number; disputed: number; by: readonly Fact[] },
  settings: ModelSettings,
  reason?: string,
): Row {
  const amount = row.amount as number;
  const enough = (sum: number) => (settings.partialRefund === 'delete' ? sum > 0 : sum >= amount && sum > 0);
  const gone = reason ?? (enough(refunded) ? 'refunded' : enough(refunded + disputed) ? 'disputed' : undefined);
  const newest = by.reduce((a, b) => (b.version > a.version ? b : a));
  return {
    ...row,
    status: gone ? 'deleted' : 'recorded',
    amount_refunded: refunded,
    amount_disputed: disputed > 0 ? disputed : undefined,
    amount_net: gone ? 0 : amount - refunded - disputed,
    event_id: newest.id,
    event_type: newest.type,
    version: newest.version,
    deleted_reason: gone,
  };
}

function withoutTax(row: Row, invoice: Payload): Row {
  const t = invoice.total;
  const taxes = invoice.total_tax_amounts;
  const tax = invoice.tax ?? (taxes ? taxes.reduce((sum: number, each: Payload) => sum + each.amount, 0) : undefined);
  const x = invoice.total_excluding_tax ?? (tax === undefined || tax === null ? undefined : t - tax);
  if (!t || x === undefined || x === null) return row;
  const scale = (amount: unknown) => Math.floor(((amount as number) * x) / t + 0.5);
  const amount = scale(row.amount);
  const refunded = scale(row.amount_refunded);
  const disputed = row.amount_disputed === undefined ? 0 : scale(row.amount_disputed);
  return {
    ...row,
    amount,
    amount_refunded: refunded,
    amount_disputed: disputed > 0 ? disputed : undefined,
    amount_net: row.status === 'deleted' ? 0 : amount - refunded - disputed,
  };
}

function described(fact: Fact, keys: { customer?: string | undefined; product?: string | undefined }): Row {
  const { object } = fact;
  return {
    currency: object.currency,
    created: object.created ?? object.date,
    stripe_customer_id: idOf(object.customer),
    customer_key: keys.customer,
    product_key: keys.product,
    livemode: object.livemode ?? fact.livemode,
  };
}

function isRefund(type: string): boolean {
  return /^refund\.(created|updated|failed)$/.test(type) || type === 'charge.refund.updated';
}

function isDispute(type: string, settings: ModelSettings): boolean {
  return settings.disputes !== 'ignore' && type.startsWith('charge.dispute.');
}

/** A charge's status; payloads that predate it say `paid`. */
function statusOf(charge: Payload): string {
  return charge.status ?? (charge.paid === true ? 'succeeded' : 'pending');
}

function hasFailed(type: string, charge: Payload): boolean {
  return type === 'charge.failed' || charge.status === 'failed';
}

function sortedBy(key: string, rows: Row[]): Row[] {
  return rows.sort((a, b) => (String(a[key]) < String(b[key]) ? -1 : 1));
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

function clean(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).filter(([, value]) => value !== undefined && value !== null && value !== ''),
  );
}
