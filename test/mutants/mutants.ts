// Edits that each remove one thing that correctness depends on, and the test that must fail then.

export interface Mutant {
  readonly what: string;
  readonly file: string;
  /** Text that the file contains exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The test file that must fail. */
  readonly breaks: string;
}

const STORE = 'test/store/store.test.ts';
const REQUESTS = 'test/store/requests.test.ts';
const PERMUTATIONS = 'test/proofs/permutations.test.ts';
const INTERLEAVINGS = 'test/proofs/interleavings.test.ts';
const COUNTEREXAMPLES = 'test/proofs/counterexamples.test.ts';
const SIMULATOR = 'test/simulator/simulator.test.ts';
const WRONG_ENDS = 'test/simulator/wrong-ends.test.ts';
const BATCHES = 'test/worker/process-batch.test.ts';

/** Edits of one file that all break one test. */
const edits = (
  file: string,
  breaks: string,
  each: readonly (readonly [what: string, find: string, replace: string, breaks?: string])[],
): Mutant[] => each.map(([what, find, replace, other]) => ({ what, file, find, replace, breaks: other ?? breaks }));

export const MUTANTS: readonly Mutant[] = [
  ...edits('functions/store/requests.ts', REQUESTS, [
    ['a replaced item keeps its revision', '_revision: (revision ?? 0) + 1', '_revision: revision ?? 1'],
    ['an item takes the place of another revision', "'#revision = :revision'", "'attribute_exists(#revision)'"],
    [
      'an item replaces one that was not read',
      "'attribute_not_exists(#key)'",
      "'attribute_not_exists(#key) OR attribute_exists(#key)'",
    ],
    [
      'a row of a pre-release build is replaced whatever its version',
      '`${absent} AND #version = :version`',
      '`${absent} OR #version = :version`',
    ],
    [
      'a row of a pre-release build is replaced after it got a revision',
      '`${absent} AND #version = :version`',
      '`#version = :version`',
    ],
    [
      'a failed condition counts as success',
      'instanceof ConditionalCheckFailedException) return undefined',
      'instanceof ConditionalCheckFailedException) return item',
    ],
    [
      'an update is not tried again',
      'current = await readItem(context, at);',
      'return { item: current, written: false };',
    ],
    ['a read is eventually consistent', '{ consistent = true }', '{ consistent = false }'],
    ['a partition is read eventually consistent', '        ConsistentRead: true,\n', '', PERMUTATIONS],
    ['a partition is read for its first page', '} while (ExclusiveStartKey);', '} while (false);'],
    [
      'all unprocessed keys are forgotten',
      'pending = pending.filter((at) => unprocessed.has(keyText(at)));\n    }\n  });\n  return found;',
      'pending = [];\n    }\n  });\n  return found;',
    ],
    [
      'some unprocessed keys are forgotten',
      'pending = pending.filter((at) => unprocessed.has(keyText(at)));\n    }\n  });\n  return found;',
      'pending = pending.filter((at) => unprocessed.has(keyText(at))).slice(1);\n    }\n  });\n  return found;',
    ],
    [
      'all unprocessed items are forgotten',
      'pending = pending.filter((at) => unprocessed.has(keyText(at)));\n    }\n  });\n}',
      'pending = [];\n    }\n  });\n}',
    ],
    [
      'some unprocessed items are forgotten',
      'pending = pending.filter((at) => unprocessed.has(keyText(at)));\n    }\n  });\n}',
      'pending = pending.filter((at) => unprocessed.has(keyText(at))).slice(1);\n    }\n  });\n}',
    ],
    [
      'the first of several failures stops the rest',
      'await work(item).catch((error) => errors.push(error))',
      'await work(item)',
    ],
    ['a failure of the first request is lost', 'if (errors.length > 0) throw errors[0];', ''],
  ]),
  ...edits('functions/store/report.ts', BATCHES, [
    [
      'only the first of several merged events is reported as failed',
      'for (const decision of merged.decisions) applied.get(decision)!.error',
      'for (const decision of merged.decisions.slice(0, 1)) applied.get(decision)!.error',
      SIMULATOR,
    ],
    ['a failure does not stop the steps that come after it', 'failed.add(merged);', '', SIMULATOR],
  ]),
  ...edits('functions/store/links.ts', STORE, [
    ['an older link overwrites a newer one', 'if (link && !isNewer(change, link)) return undefined;', ''],
    [
      'a stale link does not finish its first delivery',
      'if (link && !isNewer(change.oldest, link)) mustSweep = true;',
      'if (link && !isNewer(change, link)) mustSweep = true;',
      COUNTEREXAMPLES,
    ],
    ['a stale link is never swept', 'if (link && !isNewer(change.oldest, link)) mustSweep = true;', '', SIMULATOR],
    ['a link that moved is not swept', 'if (isMoved) mustSweep = true;', '', PERMUTATIONS],
    ['a link forgets how often it moved', 'moves: (link?.moves ?? 0) + Number(isMoved)', 'moves: 1'],
    [
      'a sweep reads the link before the rows',
      'const rows = await readItems(context, keys);\n    const link = linkOf(await readItem(context, linkKey(context.tables, stripeCustomerId)));',
      'const link = linkOf(await readItem(context, linkKey(context.tables, stripeCustomerId)));\n    const rows = await readItems(context, keys);',
      INTERLEAVINGS,
    ],
    [
      'a sweep reads the link in one batch with the rows',
      'const rows = await readItems(context, keys);\n    const link = linkOf(await readItem(context, linkKey(context.tables, stripeCustomerId)));',
      'const rows = await readItems(context, [...keys, linkKey(context.tables, stripeCustomerId)]);\n    const link = linkOf(rows.get(linkKey(context.tables, stripeCustomerId)));',
      COUNTEREXAMPLES,
    ],
    ['a sweep gives up on a row that has changed', 'pending = changed;', 'pending = [];'],
    ['a sweep touches rows that depend on another', '|| !dependsOn(row, stripeCustomerId)', ''],
    [
      'a sweep takes an equal key for an equal link',
      'if (keyOf(row) === link.customer_key && row._link === link.moves) return;',
      'if (keyOf(row) === link.customer_key) return;',
    ],
  ]),
  ...edits('functions/domain/row.ts', STORE, [
    ['a row with its own key depends on the link', " && row.customer_key_source !== 'own'", ''],
    ['a row depends on every Stripe customer', 'row.stripe_customer_id === stripeCustomerId && ', ''],
    [
      'a sweep makes a deleted row payable',
      "row.status === 'deleted' ? { deleted_customer_key: link.customer_key } : { customer_key: link.customer_key }",
      '{ customer_key: link.customer_key }',
      PERMUTATIONS,
    ],
    [
      'a deleted row keeps its amount',
      'amount_net: deleted_reason ? 0 : amount',
      'amount_net: amount',
      'test/domain/charge-row.test.ts',
    ],
  ]),
  ...edits('functions/store/apply.ts', PERMUTATIONS, [
    [
      'a charge does not say that it depends',
      'if (row?._revision === undefined) return true;',
      'if (row === undefined) return false;',
    ],
    [
      'a deleted row of a pre-release build does not say that it depends',
      'if (row?._revision === undefined) return true;',
      'if (row === undefined) return true;',
      'test/upgrades/deleted-charges.test.ts',
    ],
    [
      'a charge that changes its Stripe customer does not say so',
      'return !dependsOn(row, customer) &&',
      'return false &&',
      INTERLEAVINGS,
    ],
    [
      'a failed write of dependents does not fail its charge',
      'await Promise.all(missing.map((merged) => report.attempt(merged, () => written)));',
      '',
      BATCHES,
    ],
    [
      'evidence of charges is not written',
      'await inParallel([...ofCharges, ...ofInvoices]',
      'await inParallel([...ofInvoices]',
    ],
    ['a failed first read is not reported', 'for (const merged of all) report.fail(merged, error);', '', BATCHES],
  ]),
  ...edits('functions/store/charges.ts', SIMULATOR, [
    ['a row is not read again after it was written', 'pending = unsettled;', 'pending = [];', INTERLEAVINGS],
    ['inputs older than the row’s replace it', 'if (row === undefined) return true;', 'return true;', STORE],
    [
      'evidence older than the row’s replaces it',
      '< ((row._evidence as number | undefined) ?? 0)) return false;',
      '< 0) return false;',
      STORE,
    ],
    ['a link older than the row’s replaces it', '>= (row._link ?? 0);', '>= 0;', STORE],
    ['a failed second read is not reported', 'for (const { merged } of targets) report.fail(merged, error);', ''],
    [
      'a row that lost its condition is taken as written',
      "target.row = item ? (item as unknown as StoredRow) : 'unknown';",
      'target.row = wanted;',
    ],
  ]),
  ...edits('functions/store/invoices.ts', COUNTEREXAMPLES, [
    [
      'evidence is read before the row that it replaces',
      'let row = (await readItem(context, at)) as StoredRow | undefined;\n  for (let changed = false; ; ) {\n    const wanted = await wantedRow(context, settings, invoiceId);',
      'let row: StoredRow | undefined;\n  for (let changed = false; ; ) {\n    const wanted = await wantedRow(context, settings, invoiceId);\n    row = (await readItem(context, at)) as StoredRow | undefined;',
    ],
    [
      'an invoice is not read again after its row',
      'if (item) changed = true;',
      'if (item) return { row: item as unknown as StoredRow, changed: true };',
      INTERLEAVINGS,
    ],
    ['an invoice does not say that it depends', 'await writeKeys(context, [dependent!]);', '', PERMUTATIONS],
    [
      'an invoice reads its link before it says that it depends',
      'await writeKeys(context, [dependent!]);\n  return linkOf(await readItem(context, link));',
      'await writeKeys(context, [dependent!]);\n  return linkOf(read.get(link));',
      STORE,
    ],
    [
      'what is related indirectly is not read',
      'pending = [...new Map(missing.map((entity) => [entityText(entity), entity])).values()];',
      'pending = [];',
      STORE,
    ],
  ]),
  ...edits('functions/store/customers.ts', STORE, [
    ['an older snapshot overwrites a customer', 'if (known && !isNewer(snapshot, known)) return undefined;', ''],
    [
      'a later claim takes a customer from its referrer',
      'if (earliestClaim(known, partner) !== partner) return undefined;',
      '',
    ],
    ['a snapshot leaves what it lacks', '{ name: undefined, email: undefined, ...attributes', '{ ...attributes'],
    ['a customer is not made to exist', 'if (row && !snapshot', 'if (!snapshot'],
  ]),
  ...edits('functions/domain/event.ts', 'test/domain/event.test.ts', [
    ['the time is not padded', ".padStart(12, '0')", ''],
    [
      'the smaller rendering counts',
      "(a.api_version ?? '') > (b.api_version ?? '')",
      "(a.api_version ?? '') < (b.api_version ?? '')",
      COUNTEREXAMPLES,
    ],
    ['the first rendering counts', "(a.api_version ?? '') > (b.api_version ?? '')", 'false', COUNTEREXAMPLES],
    ['the older counts', ': a.version > b.version;', ': a.version < b.version;', 'test/domain/join.test.ts'],
  ]),
  ...edits('functions/domain/join.ts', 'test/domain/join.test.ts', [
    [
      'a newer success undoes a failure',
      'newest(all.filter(({ failure }) => failure)) ?? newest(all)',
      'newest(all)',
      STORE,
    ],
    ['the latest claim counts', 'return a.version < b.version ? a : b;', 'return a.version > b.version ? a : b;'],
    [
      'a merged link forgets its oldest event',
      'return { ...(isNewer(b, a) ? b : a), oldest };',
      'return isNewer(b, a) ? b : a;',
      COUNTEREXAMPLES,
    ],
    ['the older piece of evidence stays', 'if (!known || isNewer(item, known))', 'if (!known)'],
    [
      'the newest refund of a charge is dropped when evidence is joined',
      'refunds: joinLists(a.refunds, b.refunds, ({ id }) => id),',
      'refunds: a.refunds ?? b.refunds,',
    ],
    [
      'disputes are dropped when evidence is joined',
      'disputes: joinLists(a.disputes, b.disputes, ({ id }) => id),',
      'disputes: a.disputes ?? b.disputes,',
      PERMUTATIONS,
    ],
    [
      'what is related is dropped when evidence is joined',
      'related: joinEntities(a.related, b.related),',
      'related: a.related ?? b.related,',
      PERMUTATIONS,
    ],
  ]),
  ...edits('functions/domain/reversals.ts', 'test/domain/reversals.test.ts', [
    [
      'a refund that the charge shows is added once more',
      '!refund.undone && !includes(charge, refund)',
      '!refund.undone',
    ],
    ['a refund that was undone is added', '!refund.undone && !includes(charge, refund)', '!includes(charge, refund)'],
    ['an undone refund stays refunded', 'refund.undone && stillIncludes(charge, refund)', 'false'],
    ['a refund that the charge no longer shows is subtracted', 'return undone > at ||', 'return true ||'],
    [
      'an undone refund is subtracted though the charge never showed it',
      'if (!charge || !includes(charge, refund)) return false;',
      'if (!charge) return false;',
    ],
    ['within a second a refund comes before its charge’s refund', 'refund.created < at ||', 'refund.created <= at ||'],
    [
      'a refund comes after the charge’s refund of the same second',
      "(refund.created === at && charge.event_type === 'charge.refunded')",
      'false',
    ],
    [
      'within a second a refund is undone before any charge event',
      "undone > at || (undone === at && charge.event_type === 'charge.refunded')",
      'undone > at',
    ],
    ['more is refunded than was paid', 'Math.min(payment.amount, shown + total(added))', 'shown + total(added)'],
    [
      'more is subtracted than is shown',
      'Math.max(0, shownBy(view, settings) - total(subtracted))',
      'shownBy(view, settings) - total(subtracted)',
    ],
    [
      'more is disputed than is left',
      'isForeign ? left : Math.min(left, total(disputes))',
      'isForeign ? left : total(disputes)',
    ],
    [
      'a dispute in another currency counts by its number',
      'isForeign ? left : Math.min(left, total(disputes))',
      'Math.min(left, total(disputes))',
    ],
    ['an inquiry counts', " && !status.startsWith('warning_')", ''],
    ['a dispute that was won counts', "const NOT_HELD = ['won', 'prevented'];", "const NOT_HELD = ['prevented'];"],
    [
      'an appeal does not count',
      "const LOST = ['lost', 'appeal_needs_response', 'appeal_under_review'];",
      "const LOST = ['lost'];",
    ],
    ['an open dispute counts under lost', "if (disputes === 'lost') return LOST.includes(status);", ''],
    [
      'a released amount counts as a refund',
      'charge.says_refunded || evidence.refunds_shown?.some(({ shows }) => shows) ? Math.max(1, charge.shown) : 0',
      'charge.shown',
    ],
    ['a partial refund deletes under net', "(partialRefund === 'delete' || sum >= amount)", 'true'],
    [
      'a partial refund is not sufficient under delete',
      "(partialRefund === 'delete' || sum >= amount)",
      'sum >= amount',
    ],
    ['nothing reversed is sufficient', 'sum > 0 && (', '('],
    [
      'a dispute alone does not delete',
      "return isSufficient(refunded + disputed) ? 'disputed' : undefined;",
      'return undefined;',
    ],
  ]),
  ...edits('functions/domain/invoice-row.ts', 'test/domain/invoice-row.test.ts', [
    [
      'a link by charge outranks one by payment intent',
      'linkedInvoice(intents, view) ?? linkedInvoice([charge], view)',
      'linkedInvoice([charge], view) ?? linkedInvoice(intents, view)',
    ],
    ['the invoice that the charge names is not read', 'evidence.refunded?.invoice_id ?? ', ''],
    [
      'a failure counts for every invoice',
      'evidence.failed && linkedInvoice([entity], view) === invoiceId',
      'evidence.failed',
    ],
    [
      'refunds of other invoices are added',
      '|| invoiceOf(entity, evidence, view) !== invoiceId) continue;',
      ') continue;',
    ],
    ['an invoice’s refunds exceed what was paid', 'refunded = Math.min(paid.amount, refunded);', ''],
    [
      'tax is taken off before the decision',
      'deletedBy(paid.amount, sum, settings)',
      'deletedBy(paid.amount - 1, sum, settings)',
    ],
    [
      'half a unit is rounded down',
      '(2n * BigInt(amount) * excluding + total) / (2n * total)',
      '(BigInt(amount) * excluding) / total',
    ],
    [
      'a total of nothing is divided by',
      'if (!basis || basis.total <= 0) return balance;',
      'if (!basis) return balance;',
    ],
  ]),
  ...edits('functions/domain/charge-row.ts', 'test/domain/charge-row.test.ts', [
    ['a failed payment is recorded', 'deleted_reason: failure }', 'deleted_reason: undefined }'],
  ]),

  // What partners are owed, and the statements that say so.
  ...edits('rewards/rewards.ts', 'test/rewards/rewards.test.ts', [
    ['halves are rounded up', '(twice === divisor && quotient % 2n === 1n)', 'twice === divisor'],
    ['halves are rounded down', ' || (twice === divisor && quotient % 2n === 1n)', ''],
    ['a negative amount is rounded like its size', 'Number(sign * (', 'Number(('],
    ['a reward is due a day late', 'if (due > asOf) continue;', 'if (due >= asOf) continue;'],
    ['a reward is due before its hold has passed', 'if (due > asOf) continue;', 'if (day > asOf) continue;'],
    ['the last rule that matches decides', 'rules.rules.find(', 'rules.rules.findLast('],
    ['the last day of a rule is outside it', 'place.day <= rule.until', 'place.day < rule.until'],
    ['the first day of a rule is outside it', 'place.day >= rule.from', 'place.day > rule.from'],
    ['one payment too many counts', 'place.number <= rule.payments', 'place.number <= rule.payments + 1'],
    ['the first day after the months counts', 'place.day < addMonths(', 'place.day <= addMonths('],
    ['a maximum is forgotten from one payment to the next', 'earned.set(key, before + granted);', ''],
    [
      'a maximum holds for all currencies together',
      'JSON.stringify([rule.name, currency])',
      'JSON.stringify([rule.name])',
    ],
    ['transactions of one second count in any order', ' || (a.transaction_id < b.transaction_id ? -1 : 1)', ''],
  ]),
  ...edits('rewards/histories.ts', 'test/rewards/rewards.test.ts', [
    ['a text of a later piece is another', 'const i = index % PIECE;', 'const i = Math.min(index, PIECE - 1);'],
    [
      'another partner’s customers are yielded too',
      'if (partner !== undefined && partner !== partner_key) return;',
      '',
    ],
  ]),
  ...edits('rewards/statement.ts', 'test/rewards/close-statements.test.ts', [
    [
      'a clawback has the wrong sign',
      '(reward?.reward ?? 0) - (stated?.reward ?? 0)',
      '(stated?.reward ?? 0) - (reward?.reward ?? 0)',
    ],
    [
      'an amount is stated again whole',
      '(reward?.amount_net ?? 0) - (stated?.amount_net ?? 0)',
      '(reward?.amount_net ?? 0)',
    ],
    ['what no rule matches any more is not taken back', 'found.push({ stated: before });', ';'],
    [
      'a transaction that earns 0 is not stated',
      'for (const reward of rewards) {\n    const key',
      'for (const reward of rewards) {\n    if (reward.reward === 0) continue;\n    const key',
    ],
    ['an amount that changed alone is not corrected', ' || before.amount_net !== reward.amount_net)', ')'],
    [
      'only the newest line of a transaction counts',
      'reward: line.reward + (before?.reward ?? 0),',
      'reward: line.reward,',
    ],
    [
      'a won dispute is another refund',
      'if (disputed < stated.reversed.disputed || refunded < stated.reversed.refunded)',
      'if (false)',
    ],
    [
      'lines are in the order in which they were found',
      '(statedKey(a) < statedKey(b) ? -1 : 1)',
      '(statedKey(a) < statedKey(b) ? 1 : -1)',
    ],
  ]),
  ...edits('cli/close-statements.ts', 'test/rewards/close-statements.test.ts', [
    ['rules are not tried before the first statement is written', '    requireRewards(view);\n', ''],
    ['a period in the future is closed', 'if (until > today)', 'if (false)'],
    ['a period before a closed one is closed', 'requireNextPeriodOfAll(mine, until);', ''],
    ['the mode is guessed', '.filter(filter.accepts);', ';'],
    ['a change of the rules is not reported', 'if (header.rules_hash === rules.hash) return {};', 'return {};'],
  ]),
  ...edits('cli/statement-store.ts', 'test/rewards/close-statements.test.ts', [
    [
      'the hash of a closed statement is not checked',
      ' || hashOfLines(lines.map(({ line }) => line)) !== item.hash',
      '',
    ],
    [
      'a header takes the place of another',
      "ConditionExpression: 'attribute_not_exists(entry)'",
      "ConditionExpression: 'attribute_not_exists(nothing)'",
      'test/rewards/statements.test.ts',
    ],
    [
      'lines of another attempt are in the statement',
      'open?.header._attempt === attempt',
      'open',
      'test/rewards/statements.test.ts',
    ],
    [
      'a closing stops after its header',
      'if (attempt === undefined) {\n      finish();',
      'if (attempt === undefined) {',
      'test/rewards/statements.test.ts',
    ],
  ]),

  // The simulator itself: an assertion that is switched off, or a disturbance that never comes, must be noticed.
  ...edits('test/simulator/simulate.ts', SIMULATOR, [
    [
      'the end is not compared with the model',
      'return !broken && isSame(world.engine.rows(), expectedRows(eventsOf(history.messages), history.settings));',
      'return !broken;',
    ],
    [
      'a run without a right end is right',
      'return !broken && isSame(world.engine.rows(),',
      'return isSame(world.engine.rows(),',
      WRONG_ENDS,
    ],
    [
      'the record of a run without a right end is not kept',
      'if (!broken && isSame(rows, expected)) return undefined;',
      'if (isSame(rows, expected)) return undefined;',
      WRONG_ENDS,
    ],
    ['customers are not compared', 'isSameList(rows.customers, expected.customers) && ', '', WRONG_ENDS],
    ['values are not compared', 'names.every((name) => row[name] === other[name])', 'true', WRONG_ENDS],
    ['rows are not counted', '  if (rows.length !== expected.length) return false;\n', '', WRONG_ENDS],
    ['queries have one page', 'disturbances.batches ? random.pick([1, 1, 2]) : undefined', 'undefined'],
    ['a missing attribute is not noticed', 'names.length === Object.keys(other).length && ', ''],
    ['transactions are not compared', ' && isSameList(rows.transactions, expected.transactions)', ''],
  ]),
  ...edits('test/simulator/steps.ts', SIMULATOR, [
    [
      'a dead worker’s messages do not come back',
      'for (const request of worker.requests) holdUp(world, request);',
      'for (const message of worker.messages) message.acknowledged = true;',
    ],
    ['what a dead worker had requested is lost', 'for (const request of worker.requests) holdUp(world, request);', ''],
    [
      'what a worker had requested when its time ran out is lost',
      "holdUp(world, request);\n    request.reject(sdkError('AbortError'));",
      "request.reject(sdkError('AbortError'));",
    ],
    [
      'any error of a late request counts as a failed condition',
      'if (!isFailedCondition(error)) throw error;',
      '',
      WRONG_ENDS,
    ],
  ]),
  ...edits('test/simulator/invocation.ts', SIMULATOR, [
    [
      'a failed message is acknowledged',
      'if (!failed.has(message.id)) message.acknowledged = true;',
      'message.acknowledged = true;',
    ],
    ['a worker that throws is forgotten', 'world.broken ??= `processBatch throws: ${error}`;', '', WRONG_ENDS],
    [
      'an event that is not understood is forgotten',
      "if (result.outcome === 'not_understood')",
      'if (false)',
      WRONG_ENDS,
    ],
  ]),
  ...edits('test/simulator/effects.ts', SIMULATOR, [
    ['requests that are held up are lost', 'if (!isWrite(request.name)) return;', 'return;'],
    [
      'any error of a request counts as a failed condition',
      'if (!isFailedCondition(error)) throw error;',
      '',
      WRONG_ENDS,
    ],
  ]),
  ...edits('test/simulator/history.ts', SIMULATOR, [
    [
      'no event has a second rendering',
      'if (ids.renderings && random.chance(0.3) && other !== apiVersion)',
      'if (false)',
    ],
    ['no ID and no key holds a #', "random.chance(0.1) ? '#' : ''", "''"],
  ]),
  ...edits('test/simulator/payloads.ts', SIMULATOR, [
    [
      'a history has one currency',
      "random.chance(0.1) ? random.pick(['usd', 'eur', 'gbp']) : ids.currency",
      'ids.currency',
    ],
    [
      'all invoices are made at one time',
      '{ date: created, amount_due: amount, paid: true } : { created, amount_paid: amount }',
      '{ date: START, amount_due: amount, paid: true } : { created: START, amount_paid: amount }',
    ],
  ]),
  ...edits('test/simulator/schedule.ts', WRONG_ENDS, [
    [
      'the replay of a run that does not come to rest is right',
      'return `not at rest after ${MOST_STEPS} steps`;',
      'return undefined;',
    ],
  ]),
  ...edits('test/simulator/scheduler.ts', SIMULATOR, [
    [
      'a run that does not come to rest is right',
      'return `not at rest after ${MOST_STEPS} steps`;',
      'return undefined;',
      WRONG_ENDS,
    ],
    ['no worker dies', '} else if (may.crashes && mayDisturb(run, worker)) {', '} else if (false) {'],
    ['no request fails', 'if (!may.failures || !mayDisturb(run, request.worker))', 'if (true)'],
    [
      'messages never come back together',
      'const size = 1 + random.below(Math.min(waiting.length, redelivered ? 4 : mood.largestBatch));',
      'const size = 1;',
    ],
    [
      'no message is handed out twice',
      'mostSecondCopies: may.twice ? random.pick([1, 2]) : 0,',
      'mostSecondCopies: 0,',
    ],
    [
      'nothing is left unprocessed',
      "resolveRequest(world, request, 'partly');",
      "resolveRequest(world, request, 'landed');",
    ],
  ]),
];
