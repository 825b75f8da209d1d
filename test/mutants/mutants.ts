// Edits that each take away one thing the correctness rests on, and the test that must fail without it.

export interface Mutant {
  readonly what: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The test file that must fail. */
  readonly breaks: string;
}

const STORE = 'test/store/store.test.ts';
const PERMUTATIONS = 'test/e2e/permutations.test.ts';
const INTERLEAVINGS = 'test/e2e/interleavings.test.ts';
const BATCHES = 'test/worker/process-batch.test.ts';

const transactions = 'functions/store/transactions.ts';
const links = 'functions/store/customer-links.ts';
const customers = 'functions/store/customers.ts';
const invoices = 'functions/store/invoices.ts';
const apply = 'functions/store/apply.ts';
const connection = 'functions/store/connection.ts';
const collapse = 'functions/domain/collapse.ts';
const invoiceRow = 'functions/domain/invoice-row.ts';

export const MUTANTS: readonly Mutant[] = [
  // Conditions.
  {
    what: 'a record overwrites a newer one',
    file: transactions,
    find: '(#status = :recorded AND #version < :version)',
    replace: '#status = :recorded',
    breaks: STORE,
  },
  {
    what: 'a record overwrites a tombstone',
    file: transactions,
    find: '(#status = :recorded AND #version < :version)',
    replace: '#version < :version',
    breaks: STORE,
  },
  {
    what: 'a record needs a row to be there',
    file: transactions,
    find: "'attribute_not_exists(transaction_id) OR (#status = :recorded",
    replace: "'(#status = :recorded",
    breaks: STORE,
  },
  {
    what: 'an older deletion does not delete',
    file: transactions,
    find: ' OR #status = :recorded OR #version < :version',
    replace: ' OR #version < :version',
    breaks: STORE,
  },
  {
    what: 'a newer deletion leaves the older tombstone',
    file: transactions,
    find: ' OR #status = :recorded OR #version < :version',
    replace: ' OR #status = :recorded',
    breaks: STORE,
  },
  {
    what: 'attribution overwrites a key that was not read',
    file: transactions,
    find: "    'customer_key_source',\n    'customer_key',\n",
    replace: "    'customer_key_source',\n",
    breaks: STORE,
  },
  {
    what: 'attribution overwrites an own key',
    file: transactions,
    find: "    'customer_key_source',\n    'customer_key',\n",
    replace: "    'customer_key',\n",
    breaks: STORE,
  },
  {
    what: 'attribution ignores whose charge it is',
    file: transactions,
    find: "    'stripe_customer_id',\n    'customer_key_source',",
    replace: "    'customer_key_source',",
    breaks: STORE,
  },
  {
    what: 'a sweep touches rows with a key of their own',
    file: transactions,
    find: " && row.customer_key_source !== 'own'",
    replace: '',
    breaks: INTERLEAVINGS,
  },
  {
    what: 'a sweep touches rows of other Stripe customers',
    file: transactions,
    find: ' && row.stripe_customer_id === stripeCustomerId',
    replace: '',
    breaks: STORE,
  },
  {
    what: 'a computed row takes the place of another version',
    file: transactions,
    find: "['version', 'amount_refunded', 'customer_key'] as const",
    replace: "['amount_refunded', 'customer_key'] as const",
    breaks: STORE,
  },
  {
    what: 'a computed row takes the place of another sum',
    file: transactions,
    find: "['version', 'amount_refunded', 'customer_key'] as const",
    replace: "['version', 'customer_key'] as const",
    breaks: STORE,
  },
  {
    what: 'a computed row takes the place of one that nobody read',
    file: transactions,
    find: "{ ConditionExpression: 'attribute_not_exists(transaction_id)' }",
    replace: '{}',
    breaks: STORE,
  },
  {
    what: 'an older link overwrites a newer one',
    file: links,
    find: 'if (current && current.version >= change.version) return { link: current, sweep: true, stale: true };',
    replace: '',
    breaks: STORE,
  },
  {
    what: 'a link is written without the condition that it is as read',
    file: links,
    find: "ConditionExpression: '#version = :read',",
    replace: "ConditionExpression: '#version = :read OR attribute_exists(pk)',",
    breaks: STORE,
  },
  {
    what: 'a first link is written without a condition',
    file: links,
    find: "{ ConditionExpression: 'attribute_not_exists(pk)' }",
    replace: '{}',
    breaks: STORE,
  },
  {
    what: 'an older snapshot overwrites a customer',
    file: customers,
    find: "conditions.push('(attribute_not_exists(#version) OR #version < :version)');",
    replace: "conditions.push('(attribute_not_exists(nothing))');",
    breaks: STORE,
  },
  {
    what: 'a later claim takes a customer from its referrer',
    file: customers,
    find: "conditions.push('(attribute_not_exists(partner_version) OR partner_version > :partner_version)');",
    replace: "conditions.push('(attribute_not_exists(nothing))');",
    breaks: STORE,
  },
  {
    what: 'a snapshot leaves what it lacks',
    file: customers,
    find: 'remove.push(`#${name}`);',
    replace: '{ delete names[`#${name}`]; }',
    breaks: STORE,
  },
  {
    what: 'a customer is not made to exist',
    file: customers,
    find: "return row ? undefined : { ConditionExpression: 'attribute_not_exists(customer_key)' };",
    replace: 'return undefined;',
    breaks: PERMUTATIONS,
  },

  // Second reads, and what a redelivery finishes.
  {
    what: 'the link is not read again after the row',
    file: apply,
    find: 'if (by === link?.customer_key) return;',
    replace: 'return;',
    breaks: INTERLEAVINGS,
  },
  {
    what: 'a stale charge does not finish its first delivery',
    file: apply,
    find: 'const toCheck = following.filter(isWhole);',
    replace: 'const toCheck = following.filter(isWhole).filter((each) => written.has(each));',
    breaks: INTERLEAVINGS,
  },
  {
    what: 'a stale customer does not finish its first delivery',
    file: links,
    find: 'return { link: current, sweep: true, stale: true }',
    replace: 'return { link: current, sweep: false, stale: true }',
    breaks: INTERLEAVINGS,
  },
  {
    what: 'the link is not read again after a sweep',
    file: links,
    find: 'if (current.customer_key === sweptBy.customer_key) return attributed;',
    replace: 'return attributed;',
    breaks: INTERLEAVINGS,
  },
  {
    what: 'row and link are not compared again after attribution',
    file: links,
    find: 'await attribute(connection, row, link.customer_key);\n',
    replace: 'await attribute(connection, row, link.customer_key);\n    return;\n',
    breaks: INTERLEAVINGS,
  },
  {
    what: 'a charge does not say that it follows',
    file: apply,
    find: 'marks.map(({ change }) => followerKeyOf(',
    replace: '[].map(({ change }) => followerKeyOf(',
    breaks: PERMUTATIONS,
  },
  {
    what: 'an invoice does not say that it follows',
    file: invoices,
    find: 'await writeLinks(connection, [followerKey.key]);',
    replace: '{}',
    breaks: PERMUTATIONS,
  },
  {
    what: 'a link that moved is not swept',
    file: links,
    find: 'sweep: current?.customer_key !== link.customer_key',
    replace: 'sweep: false',
    breaks: PERMUTATIONS,
  },
  {
    what: 'an invoice is not read again after its row',
    file: invoices,
    find: 'if (await replaceTransaction(connection, row, current)) changed = true;',
    replace: 'if (await replaceTransaction(connection, row, current)) return { row, changed: true };',
    breaks: INTERLEAVINGS,
  },
  {
    what: 'a batch reads eventually consistent',
    file: connection,
    find: 'requests[table] ??= { ConsistentRead: true, Keys: [] };',
    replace: 'requests[table] ??= { Keys: [] } as never;',
    breaks: PERMUTATIONS,
  },
  {
    what: 'a partition is read eventually consistent',
    file: connection,
    find: '        ConsistentRead: true,\n        KeyConditionExpression',
    replace: '        KeyConditionExpression',
    breaks: PERMUTATIONS,
  },
  {
    what: 'a partition is read for its first page',
    file: connection,
    find: '} while (ExclusiveStartKey);',
    replace: '} while (false);',
    breaks: PERMUTATIONS,
  },
  {
    what: 'unprocessed keys are forgotten',
    file: connection,
    find: 'pending = pending.filter(({ table, key }) => unprocessed.has(keyText(table, key)));',
    replace: 'pending = [];',
    breaks: BATCHES,
  },
  {
    what: 'unprocessed items are forgotten',
    file: connection,
    find: 'pending = pending.filter((item) => unprocessed.has(linkText(item)));',
    replace: 'pending = [];',
    breaks: BATCHES,
  },
  {
    what: 'a failed mark does not fail its charge',
    file: apply,
    find: '...marks.map((each) => attempt(each, () => marked)),',
    replace: '',
    breaks: BATCHES,
  },

  {
    what: 'a row is left because one of its events failed at something else',
    file: apply,
    find: 'work.transactions.filter(isWhole)',
    replace: 'work.transactions.filter((each) => each.events.every((event) => results[event]!.error === undefined))',
    breaks: BATCHES,
  },

  // Sorts of the version, and what outranks what.
  {
    what: 'the time is not padded',
    file: 'functions/domain/event.ts',
    find: ".padStart(12, '0')",
    replace: '',
    breaks: 'test/domain/event.test.ts',
  },
  {
    what: 'a type has no rank',
    file: 'functions/domain/event.ts',
    find: '${RANKS.get(event.type) ?? 0}',
    replace: '0',
    breaks: 'test/domain/event.test.ts',
  },
  {
    what: 'the oldest of a batch decides',
    file: collapse,
    find: 'best.row.version >= change.row.version ? best : change',
    replace: 'best.row.version <= change.row.version ? best : change',
    breaks: PERMUTATIONS,
  },
  {
    what: 'a record of a batch outranks its deletion',
    file: collapse,
    find: 'deletions.length > 0 ? newestRow(deletions)',
    replace: 'deletions.length === changes.length ? newestRow(deletions)',
    breaks: PERMUTATIONS,
  },
  {
    what: 'the latest claim of a batch decides',
    file: collapse,
    find: 'a.version <= b.version ? a : b',
    replace: 'a.version >= b.version ? a : b',
    breaks: PERMUTATIONS,
  },
  {
    what: 'the oldest evidence decides',
    file: invoiceRow,
    find: 'best.version >= item.version ? best : item',
    replace: 'best.version <= item.version ? best : item',
    breaks: 'test/domain/invoice.test.ts',
  },
  {
    what: 'every refund of a charge is added up',
    file: invoiceRow,
    find: "settings.partialRefund === 'net' ? newestOfEachCharge(refunds) : refunds",
    replace: 'refunds',
    breaks: 'test/domain/invoice.test.ts',
  },
  {
    what: 'a link by charge outranks one by payment intent',
    file: invoiceRow,
    find: "(refund.payment_intent_id === undefined ? undefined : linked('payment_intent', refund.payment_intent_id, links)) ??\n    linked('charge', refund.charge_id, links)",
    replace:
      "linked('charge', refund.charge_id, links) ??\n    (refund.payment_intent_id === undefined ? undefined : linked('payment_intent', refund.payment_intent_id, links))",
    breaks: 'test/domain/invoice.test.ts',
  },
  {
    what: 'a failure counts by the payment intent',
    file: invoiceRow,
    find: "linked('charge', failure.charge_id, view.links) === view.invoice_id",
    replace: 'true',
    breaks: 'test/domain/invoice.test.ts',
  },
  {
    what: 'an invoice that loses a payment is not computed anew',
    file: invoices,
    find: 'return distinct([evidence.invoice_id, ...[payer, ...charges].flatMap(invoicesOf)]);',
    replace: 'return [evidence.invoice_id];',
    breaks: PERMUTATIONS,
  },
  {
    what: 'a refund that found no invoice is not kept for its payment intent',
    file: invoices,
    find: '[{ pk: `payment_intent#${refund.payment_intent_id}`, sk: charge }]',
    replace: '[]',
    breaks: PERMUTATIONS,
  },
];
