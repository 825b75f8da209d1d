// Least privilege: every AWS call of an end-to-end run is compared with the policies of the template, in both directions.

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { resourcesOf, shortName } from '../../local/template.js';
import { charge, customer, event, invoice, invoicePayment, thinEvent } from '../support/builders/events.js';
import { type FakeStripe, startFakeStripe } from '../support/fakes/fake-stripe.js';
import { type LocalStackUnderTest, startStack } from '../support/stack/local-stack.js';
import { synthesizeTemplate } from '../support/stack/template.js';
import { type AwsCall, startWiring, type Wiring } from '../support/stack/wiring.js';

/** `function action resource`, as in `worker dynamodb:PutItem links`. */
const calls = new Set<string>();
let wiring: Wiring;
beforeAll(async () => {
  wiring = await startWiring('whsec_test', note);
}, 30_000);
afterAll(() => wiring.stop());

/** Lambda polls the queue with the function's role; here the local stack's event source does, under its own name. */
const POLLING = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

test('every call is granted, and every grant is used', async () => {
  for (const source of ['charge', 'invoice']) {
    const stripe = await startFakeStripe();
    const env = { STRIPE_API_BASE: stripe.url };
    const stack = await startStack({ args: ['--transaction-source', source, ...wiring.args], env });
    const post = (body: object) => stack.post(body, { secret: 'whsec_test' });
    await post(event('charge.succeeded', charge()));
    await post(event('invoice.payment_succeeded', invoice()));
    await stack.settled();
    await post(event('customer.created', customer('acme', { metadata: { customer_key: 'acme', partner_key: 'p1' } })));
    await post(event('invoice_payment.paid', invoicePayment('in_1', 'pi_1')));
    await stack.settled();
    await post(event('charge.refunded', charge({ refunded: true, amount_refunded: 2000 }), 9));
    await post(event('customer.updated', customer('beta'), 9));
    await post(event('charge.refunded', charge({ amount_refunded: 'unknown' })));
    stripe.objects.events = [
      { ...event('customer.updated', customer('beta')), created: Math.floor(Date.now() / 1000) },
    ];
    await postThin(stack, stripe);
    await wiring.reconcile(stripe, stack.file);
    stripe.stop();
    await stack.stop();
  }
  const used = [...calls].filter((call) => /^(ingest|worker|reconcile) /.test(call)).sort();
  // The last step of a deployment runs nowhere else: test/protect/ makes its calls, test/lib/deletion-protection.test.ts names its grants.
  const granted = grants().filter((grant) => !/^protect | logs:/.test(grant));
  const polling = granted.filter((grant) => POLLING.some((action) => grant.includes(action)));
  expect(polling).toHaveLength(3);
  for (const each of polling) expect([...calls].some((call) => call.split(' ')[1] === each.split(' ')[1])).toBe(true);
  expect(used).toEqual(granted.filter((grant) => !polling.includes(grant)).sort());
}, 180_000);

/** The worker fetches the event from Stripe with the key that is stored. */
async function postThin(stack: LocalStackUnderTest, stripe: FakeStripe): Promise<void> {
  const created = event('customer.created', customer('thin', { id: 'cus_thin' }));
  stripe.objects.events.push({ ...created });
  expect((await stack.post(thinEvent(created), { secret: 'whsec_test' })).status).toBe(200);
  await stack.settled();
  const { customers } = await stack.rows();
  expect(customers).toContainEqual(expect.objectContaining({ customer_key: 'thin', stripe_customer_id: 'cus_thin' }));
}

test('no policy allows all resources, and each function has a separate role', () => {
  const template = synthesizeTemplate();
  const policies = JSON.stringify(resourcesOf(template, 'AWS::IAM::Policy'));
  expect(policies).not.toMatch(/"Resource":"\*"|"Action":"[a-z]+:\*"/);
  const roles = resourcesOf(template, 'AWS::Lambda::Function').map(([, { Role }]) => JSON.stringify(Role));
  expect(new Set(roles).size).toBe(roles.length);
});

/** What the functions' policies allow, in the same format. */
function grants(): string[] {
  const template = synthesizeTemplate({ thinEvents: true });
  const functions = new Map(
    resourcesOf(template, 'AWS::Lambda::Function').map(([id, { Role }]) => [
      (Role as Record<string, string[]>)['Fn::GetAtt']![0],
      shortName(template, id),
    ]),
  );
  return resourcesOf(template, 'AWS::IAM::Policy').flatMap(([, { PolicyDocument, Roles }]) => {
    const name = functions.get((Roles as { Ref: string }[])[0]!.Ref);
    if (!name) return [];
    const { Statement } = PolicyDocument as { Statement: { Action: string | string[]; Resource: unknown }[] };
    return Statement.flatMap(({ Action, Resource }) =>
      [Action].flat().flatMap((action) =>
        [Resource].flat().map((resource) => {
          const reference = resource as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
          return `${name} ${action} ${shortName(template, reference.Ref ?? reference['Fn::GetAtt']?.[0] ?? '?')}`;
        }),
      ),
    );
  });
}

const SERVICES: Readonly<Record<string, string>> = {
  DynamoDB_20120810: 'dynamodb',
  AmazonSQS: 'sqs',
  secretsmanager: 'secretsmanager',
};

function note({ caller, target, input }: AwsCall): undefined {
  const [service = '', action = ''] = target.split('.');
  const named = input.TableName ?? input.QueueUrl?.split('/').at(-1) ?? input.SecretId?.split(':').at(-1) ?? '';
  // A batch is allowed by the action for one.
  const permission = action.replace(/^(SendMessage|DeleteMessage|ChangeMessageVisibility)Batch$/, '$1');
  for (const resource of input.RequestItems ? Object.keys(input.RequestItems) : [named]) {
    calls.add(`${caller} ${SERVICES[service]}:${permission} ${resource}`);
  }
  return undefined;
}
