import { describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../contract/settings.js';
import { receive } from '../../functions/ingest/receive.js';
import { FRESH_MILLISECONDS, RETRY_MILLISECONDS, signingSecrets } from '../../functions/ingest/signing-secrets.js';
import { MAX_MESSAGE_BYTES } from '../../functions/queue/message.js';
import { charge, event, invoice, thinEvent } from '../support/builders/events.js';
import { sign } from '../support/builders/sign.js';
import { rule } from '../support/rule.js';

const NOW = 1_800_000_000_000;

function webhook({
  secrets = ['whsec_1'],
  settings = {},
  fail = false,
  hasApiKey,
}: {
  secrets?: string[];
  settings?: object;
  fail?: boolean;
  hasApiKey?: () => Promise<boolean>;
} = {}) {
  const world = { secrets, reads: 0, secretFails: false, now: NOW, queue: [] as string[] };
  const dependencies = {
    settings: parseSettings(settings),
    now: () => world.now,
    secrets: signingSecrets(
      async () => {
        world.reads++;
        if (world.secretFails) throw new Error('unreachable');
        return JSON.stringify({ signingSecrets: world.secrets });
      },
      () => world.now,
    ),
    enqueue: async (message: string) => {
      if (fail) throw new Error('unreachable');
      world.queue.push(message);
    },
    ...(hasApiKey ? { hasApiKey } : {}),
  };
  const post = async (
    body: unknown,
    {
      secret = 'whsec_1',
      signature,
      at = world.now,
    }: { secret?: string; signature?: string | undefined; at?: number } = {},
  ) => {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    const received = await receive({ body: bytes, signature: signature ?? sign(bytes, secret, at) }, dependencies);
    return { status: received.status, body: JSON.parse(received.body), outcome: received.outcome };
  };
  return { world, post, dependencies };
}

const succeeded = event('charge.succeeded', charge());

describe('a verified event is answered with 200', () => {
  describe(rule('verified and queued, or not a subscribed type or mode'), () => {
    test(rule('The webhook responds 200 only after the queue has accepted the event.'), async () => {
      const { world, post } = webhook();
      expect(await post(succeeded)).toEqual({ status: 200, body: { received: true }, outcome: 'queued' });
      expect(world.queue).toEqual([JSON.stringify(succeeded)]);
      expect(await webhook({ fail: true }).post(succeeded)).toMatchObject({
        status: 503,
        body: { error: { code: 'queue_unavailable' } },
      });
    });
    test(rule('Any other type is answered with 200, counted, and not queued.'), async () => {
      const { world, post } = webhook({ settings: { livemode: 'live' } });
      expect(await post({ ...succeeded, livemode: true, type: 'plan.created' })).toMatchObject({
        status: 200,
        outcome: 'unsupported_type',
      });
      expect(await post(succeeded)).toMatchObject({ status: 200, outcome: 'livemode_mismatch' });
      expect(await post({ ...succeeded, livemode: true })).toMatchObject({ status: 200, outcome: 'queued' });
      expect(world.queue).toHaveLength(1);
    });
    test('the bytes are verified and queued unchanged, whatever characters they contain', async () => {
      const { world, post } = webhook();
      const body = JSON.stringify(event('charge.succeeded', charge({ description: 'ß 😀 \u2028 \uFFFF' }))).replace(
        '"ch_1"',
        '"ch_\\u0031"',
      );
      expect((await post(body)).status).toBe(200);
      expect(world.queue[0]).toBe(body.replace('\uFFFF', '\\uffff'));
      expect(JSON.parse(world.queue[0]!)).toEqual(JSON.parse(body));
    });
  });
});

describe('a request with a bad signature is answered with 400', () => {
  describe(rule('no signature, wrong signature, timestamp outside the tolerance (300 s)'), () => {
    const cases: [name: string, signature: string | undefined, options: object, code: string][] = [
      ['none', '', {}, 'signature_missing'],
      ['another secret', undefined, { secret: 'whsec_2' }, 'signature_invalid'],
      ['301 seconds old', undefined, { at: NOW - 301_000 }, 'signature_invalid'],
      ['301 seconds ahead', undefined, { at: NOW + 301_000 }, 'signature_invalid'],
      ['no time', 'v1=abc', {}, 'signature_invalid'],
      ['no v1', `t=${NOW / 1000}`, {}, 'signature_invalid'],
      ['nonsense', '💥,,==', {}, 'signature_invalid'],
      ['many of v1', `t=${NOW / 1000}${',v1=00'.repeat(1000)}`, {}, 'signature_invalid'],
    ];
    test.each(cases)('%s', async (_, signature, options, code) => {
      const { world, post } = webhook();
      expect(await post(succeeded, { ...options, ...(signature === undefined ? {} : { signature }) })).toMatchObject({
        status: 400,
        body: { error: { code } },
      });
      expect(world.queue).toEqual([]);
    });
    test('a timestamp in the future is not called old', async () => {
      const { body } = await webhook().post(succeeded, { at: NOW + 301_000 });
      expect(body).toMatchObject({ error: { message: expect.stringContaining('more than 300 seconds off') } });
      expect(JSON.stringify(body)).not.toMatch(/\bold\b/i);
    });
    test('a timestamp that is 300 seconds old or ahead is accepted', async () => {
      const { post } = webhook();
      expect((await post(succeeded, { at: NOW - 300_000 })).status).toBe(200);
      expect((await post(succeeded, { at: NOW + 300_000 })).status).toBe(200);
    });
    test('one changed byte', async () => {
      const { post } = webhook();
      const body = JSON.stringify(succeeded);
      expect((await post(body.replace('2000', '9000'), { signature: sign(body, 'whsec_1', NOW) })).status).toBe(400);
    });
  });
});

describe('a signed request that is not an event is answered with 400', () => {
  describe(rule('signed but not JSON, or without `id`, `type` or `data.object`'), () => {
    test.each([
      ['not JSON', '{"id":'],
      ['empty', ''],
      ['null', 'null'],
      ['a list', '[]'],
      ['no id', { ...succeeded, id: '' }],
      ['no type', { ...succeeded, type: undefined }],
      ['no object', { ...succeeded, data: {} }],
      ['bytes', Buffer.from([0xff, 0xfe, 0x00])],
    ])('%s', async (_, body) => {
      const { post } = webhook();
      const answer = await post(body);
      // Decoding bytes that are not UTF-8 changes them, and the signature no longer matches.
      const code = Buffer.isBuffer(body) ? 'signature_invalid' : 'payload_invalid';
      expect(answer).toMatchObject({ status: 400, body: { error: { code } } });
    });
    test(rule('a thin (v2) event, while no API key is stored'), async () => {
      for (const hasApiKey of [undefined, async () => false])
        for (const type of ['v1.charge.succeeded', 'v1.billing.meter.no_meter_found', 'v2.core.account.closed']) {
          const { world, post } = webhook(hasApiKey ? { hasApiKey } : {});
          const answer = await post(thinEvent(succeeded, { type }));
          expect(answer).toMatchObject({ status: 400, body: { error: { code: 'thin_event_unsupported' } } });
          expect(answer.body.error.message).toMatch(/snapshot.*API key/);
          expect(world.queue).toEqual([]);
        }
    });
  });
});

describe('thin events, with an API key stored', () => {
  const hasApiKey = async () => true;
  const thin = thinEvent(succeeded);
  test('one of a wanted type is queued as it is, and logged under the snapshot event that it names', async () => {
    const { world, post, dependencies } = webhook({ hasApiKey });
    expect(await post(thin)).toEqual({ status: 200, body: { received: true }, outcome: 'queued' });
    expect(world.queue).toEqual([JSON.stringify(thin)]);
    const body = Buffer.from(JSON.stringify(thin));
    const received = await receive({ body, signature: sign(body, 'whsec_1', NOW) }, dependencies);
    expect(received.event).toEqual({ id: succeeded.id, type: 'charge.succeeded', objectId: 'ch_1' });
  });
  test.each([
    ['a type that the settings do not want', { type: 'v1.invoice.paid' }, {}, 'unsupported_type'],
    ['a v2 type, which has no snapshot event', { type: 'v2.core.account.closed' }, {}, 'unsupported_type'],
    ['the other mode', {}, { livemode: 'live' }, 'livemode_mismatch'],
  ])('%s is answered with 200 and not queued', async (_, fields, settings, outcome) => {
    const { world, post } = webhook({ hasApiKey, settings });
    expect(await post(thinEvent(succeeded, fields))).toMatchObject({ status: 200, outcome });
    expect(world.queue).toEqual([]);
  });
  test('the API key is looked up only for a verified thin event', async () => {
    let asked = 0;
    const { post } = webhook({ hasApiKey: async () => ++asked > 0 });
    expect(await post(thin, { secret: 'whsec_forged' })).toMatchObject({ outcome: 'signature_invalid' });
    expect(await post(succeeded)).toMatchObject({ outcome: 'queued' });
    expect(asked).toBe(0);
    expect(await post(thin)).toMatchObject({ outcome: 'queued' });
    expect(asked).toBe(1);
  });
  test('is answered with 503 while the key or the queue is unavailable, and Stripe retries', async () => {
    const unreadable = webhook({ hasApiKey: () => Promise.reject(new Error('unreachable')) });
    expect(await unreadable.post(thin)).toMatchObject({ status: 503, outcome: 'secret_unavailable' });
    expect(await webhook({ hasApiKey, fail: true }).post(thin)).toMatchObject({
      status: 503,
      outcome: 'queue_unavailable',
    });
  });
});

describe('signing secrets', () => {
  test('the reason of secret_unavailable names the underlying error, for the log', async () => {
    const denied = Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' });
    const secrets = signingSecrets(async () => {
      throw denied;
    });
    await expect(secrets.current()).rejects.toMatchObject({ name: 'SecretUnavailableError', cause: denied });
  });

  test(
    rule('Several signing secrets are valid at the same time (Stripe overlaps them for 24 hours when one is rolled)'),
    async () => {
      const { post } = webhook({ secrets: ['whsec_1', 'whsec_2'] });
      expect((await post(succeeded, { secret: 'whsec_2' })).status).toBe(200);
      expect((await post(succeeded, { secret: 'whsec_1' })).status).toBe(200);
    },
  );
  test(
    rule(
      'a new secret takes effect without a deployment, and a flood of bad signatures does not cause a flood of secret reads',
    ),
    async () => {
      const { world, post } = webhook();
      await post(succeeded);
      world.secrets = ['whsec_new'];
      world.now += RETRY_MILLISECONDS;
      expect((await post(succeeded, { secret: 'whsec_new' })).status).toBe(200);
      expect(world.reads).toBe(2);
      await Promise.all(Array.from({ length: 1000 }, () => post(succeeded, { secret: 'whsec_wrong' })));
      expect(world.reads).toBe(2);
      world.now += RETRY_MILLISECONDS;
      await Promise.all(Array.from({ length: 1000 }, () => post(succeeded, { secret: 'whsec_wrong' })));
      expect(world.reads).toBe(3);
    },
  );
  test('a revoked secret is refused as soon as the cached list expires', async () => {
    const { world, post } = webhook();
    await post(succeeded);
    world.secrets = ['whsec_new'];
    world.now += FRESH_MILLISECONDS - 1;
    expect((await post(succeeded)).status).toBe(200);
    world.now += 1;
    expect((await post(succeeded)).status).toBe(400);
  });
  test(rule('the queue or the secret is unavailable'), async () => {
    const unreachable = webhook();
    unreachable.world.secretFails = true;
    expect(await unreachable.post(succeeded)).toMatchObject({
      status: 503,
      body: { error: { code: 'secret_unavailable' } },
    });
    await unreachable.post(succeeded);
    expect(unreachable.world.reads).toBe(1);
    expect(await webhook({ secrets: [] }).post(succeeded)).toMatchObject({
      status: 503,
      body: { error: { code: 'secret_unavailable' } },
    });
  });
  test('while Secrets Manager is down, a cached secret still works, and any other signature is answered with 503', async () => {
    const { world, post } = webhook();
    await post(succeeded);
    world.secretFails = true;
    world.now += FRESH_MILLISECONDS;
    expect((await post(succeeded)).status).toBe(200);
    expect((await post(succeeded, { secret: 'whsec_unknown' })).status).toBe(503);
  });
});

describe('a large event still reaches the queue', () => {
  describe(
    rule(
      'An event that is too large for one queue message is reduced to the fields that these rules read; it is never dropped.',
    ),
    () => {
      const filler = { description: 'x'.repeat(MAX_MESSAGE_BYTES) };
      test.each([
        event(
          'charge.refunded',
          charge({ ...filler, invoice: { id: 'in_1', lines: [] }, metadata: { customer_key: 'k', note: 'n' } }),
        ),
        event(
          'invoice.payment_succeeded',
          invoice({
            ...filler,
            payments: { data: [{ payment: { payment_intent: 'pi_9' } }] },
            parent: { subscription_details: { metadata: { gspk: 'cDk=' } } },
          }),
        ),
      ])('$type', async (large) => {
        const { world, post } = webhook({ settings: { transactionSource: 'invoice' } });
        expect((await post(large)).status).toBe(200);
        expect(Buffer.byteLength(world.queue[0]!)).toBeLessThan(MAX_MESSAGE_BYTES);
        const { decide } = await import('../../functions/domain/decide.js');
        const { parseEvent } = await import('../../functions/domain/event.js');
        for (const transactionSource of ['charge', 'invoice']) {
          const settings = parseSettings({ transactionSource });
          expect(decide(parseEvent(JSON.parse(world.queue[0]!)), settings)).toEqual(decide(large, settings));
        }
      });
      test('the message fits, whichever field makes the event large', async () => {
        const { world, post } = webhook();
        const huge = 'x'.repeat(1_000_000);
        await post(
          event(
            'charge.succeeded',
            charge({
              metadata: { customer_key: huge, product_key: huge },
              status: 'succeeded',
              customer: { id: 'cus_a', name: huge },
            }),
          ),
        );
        expect(JSON.parse(world.queue[0]!).data.object).toMatchObject({ customer: { id: 'cus_a' }, metadata: {} });
      });
    },
  );
});

describe('errors reveal nothing', () => {
  test(rule('and never contain the body, the secret or a stack trace'), async () => {
    const { post } = webhook();
    const marked = { ...succeeded, id: 'MARK', data: { object: 'MARK' } };
    for (const answer of [
      await post(marked),
      await post('MARK'),
      await post(succeeded, { signature: 't=1,v1=MARK' }),
      await post(succeeded, { secret: 'whsec_2' }),
    ]) {
      expect(JSON.stringify(answer.body)).not.toMatch(/MARK|whsec_[12]| at /);
    }
  });
});
