// Hostile input: generated requests, mutated bodies and mangled headers. Never 200 without a valid signature, never an exception,
// nothing of the input in an answer; and what is validly signed and queued never poisons the worker: it is applied, ignored, or
// told from the others as not understood.
//
// HOSTILE_RUNS=1000000 npx jest hostile     for the full run; HOSTILE_SEED gives a run back.

import { afterAll, expect, test } from '@jest/globals';
import { wantedTypes } from '../../functions/domain/decide.js';
import { parseSettings } from '../../functions/domain/settings.js';
import { receive } from '../../functions/ingest/receive.js';
import { signingSecrets } from '../../functions/ingest/signing-secrets.js';
import { processBatch } from '../../functions/worker/process-batch.js';
import { charge, customer, event, invoice, invoicePayment } from '../support/events.js';
import { memoryEngine } from '../support/memory-engine.js';
import { sign } from '../support/sign.js';
import { seeded } from '../support/workload.js';

const RUNS = Number(process.env.HOSTILE_RUNS ?? 6_000);
const SEED = Number(process.env.HOSTILE_SEED ?? 1);
const random = seeded(SEED);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
const MARK = 'MARK-of-the-input';
const SECRET = 'whsec_hostile';

const counts = new Map<string, number>();
const count = (outcome: string) => counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
afterAll(() => {
  process.stdout.write(
    `hostile input: seed ${SEED}, ${RUNS} requests: ${JSON.stringify(Object.fromEntries([...counts].sort()))}\n`,
  );
});

const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  -0,
  1.5,
  2 ** 53,
  Number.MAX_SAFE_INTEGER,
  '',
  ' ',
  MARK,
  '\ud800',
  '\u0000',
  '\uFFFF',
  'x'.repeat(3000),
  [],
  [null],
  {},
  { id: MARK },
  { id: null },
  [[[[MARK]]]],
  { __proto__: null, constructor: MARK },
  'constructor',
  '__proto__',
  'toString',
  'cus_a',
  'ch_1',
  1_750_000_000,
];
const OBJECTS: Readonly<Record<string, () => Record<string, unknown>>> = {
  charge,
  customer,
  invoice,
  invoice_payment: () => invoicePayment('in_1', 'pi_1'),
};

/** An event of a known type with some of its fields replaced, removed or added. */
function mutatedEvent(transactionSource: 'charge' | 'invoice'): object {
  const type = pick(wantedTypes(transactionSource));
  const fitting = random() < 0.9 ? type.split('.')[0]! : pick(Object.keys(OBJECTS));
  const made = event(type, structuredClone(OBJECTS[fitting]!())) as unknown as Record<string, unknown>;
  const object = (made.data as { object: Record<string, unknown> }).object;
  for (let i = Math.floor(random() * 4); i > 0; i--) {
    const target = pick([made, object, object, object]);
    const field = pick([...Object.keys(target), 'metadata', 'created', 'status', '__proto__', 'payments', 'parent']);
    if (random() < 0.2) delete target[field];
    else
      target[field] =
        random() < 0.3 && field === 'metadata'
          ? { customer_key: pick(VALUES), partner_key: pick(VALUES), gspk: pick(VALUES) }
          : pick(VALUES);
  }
  return made;
}

function mutatedText(text: string): string {
  const at = Math.floor(random() * text.length);
  switch (Math.floor(random() * 6)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return `${text.slice(0, at)}${pick(['{', '}', '"', '\\u', '\u0000', ',', MARK])}${text.slice(at)}`;
    case 2:
      return '['.repeat(20_000);
    case 3:
      return text.replace('"id":', '"id":1,"id":');
    case 4:
      return `\uFEFF${text}`;
    default:
      return text;
  }
}

function mangledSignature(body: string): string | undefined {
  const good = sign(body, SECRET);
  const [time, v1] = good.split(',') as [string, string];
  return pick([
    undefined,
    '',
    good.slice(0, -1),
    `${time},${v1.replace('v1', 'v0')}`,
    v1,
    time,
    `t=1,${v1}`,
    `t=99999999999999999999,${v1}`,
    `t=NaN,${v1}`,
    `${time}${',v1=00'.repeat(500)}`,
    sign(body, 'whsec_other'),
    sign(`${body} `, SECRET),
    sign(body, SECRET, Date.now() - 400_000),
    sign(body, SECRET, Date.now() + 400_000),
    MARK,
    '💥'.repeat(100),
  ]);
}

test(`${RUNS} requests: no 200 without a valid signature, no 5xx, no exception, and nothing repeated`, async () => {
  for (const transactionSource of ['charge', 'invoice'] as const) {
    const settings = parseSettings({ transactionSource });
    const engine = memoryEngine();
    let queued: string[] = [];
    const dependencies = {
      settings,
      secrets: signingSecrets(async () => JSON.stringify({ signingSecrets: [SECRET] })),
      enqueue: async (message: string) => void queued.push(message),
    };
    for (let i = 0; i < RUNS / 2; i++) {
      const body =
        random() < 0.4
          ? mutatedText(JSON.stringify(mutatedEvent(transactionSource)))
          : JSON.stringify(mutatedEvent(transactionSource));
      const isSigned = random() < 0.6;
      const signature = isSigned ? sign(body, SECRET) : mangledSignature(body);
      const received = await receive({ body: Buffer.from(body), signature }, dependencies);
      count(received.outcome);
      if (!isSigned && received.status === 200)
        throw new Error(`taken without a valid signature: seed ${SEED}, request ${i}`);
      if (received.status >= 500) throw new Error(`answered with ${received.status}: seed ${SEED}, request ${i}`);
      if (received.body.includes(MARK)) throw new Error(`repeated its input: seed ${SEED}, request ${i}`);
      if (queued.length < 50) continue;
      const results = await processBatch(
        engine,
        settings,
        queued.map((message, n) => ({ messageId: String(n), body: message })),
      );
      queued = [];
      for (const { outcome, reason } of results) {
        count(`worker: ${outcome}`);
        if (outcome === 'failed') throw new Error(`poisoned the worker (${reason}): seed ${SEED}, request ${i}`);
        if (reason?.includes(MARK)) throw new Error(`a reason repeats the input: seed ${SEED}, request ${i}`);
      }
    }
  }
  for (const outcome of [
    'queued',
    'signature_missing',
    'signature_invalid',
    'payload_invalid',
    'worker: recorded',
    'worker: not_understood',
    'worker: ignored',
  ]) {
    expect([outcome, counts.get(outcome) ?? 0]).toEqual([outcome, expect.any(Number)]);
    expect(counts.get(outcome)).toBeGreaterThan(0);
  }
}, 3_600_000);
