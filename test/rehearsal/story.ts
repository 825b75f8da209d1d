// The rehearsal, step by step: two stages side by side, from `cdk bootstrap` to `cdk destroy`. It talks to whatever AWS the environment names.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { charge, event } from '../support/builders/events.js';
import { standInFor } from './assembly.js';
import { expect, expectSame, sleep, until } from './checks.js';
import { startConsumer } from './consumer.js';
import { counts, takeInventory } from './inventory.js';
import { changeCode, copyProject, NEW_VERSION_HEADER } from './project.js';
import { creationFails, expectProtected, restoreTables, tablesOf } from './recovery.js';
import { record, transaction, unique } from './rows.js';
import { run } from './shell.js';
import {
  type Account,
  aws,
  cdk,
  contextOf,
  deploy,
  deployAssembly,
  PARTNER_SOURCE,
  type Stage,
  synthesize,
} from './stage.js';

/** Runs the whole rehearsal. @throws on the first step that does not hold */
export async function rehearse(account: Account): Promise<void> {
  await step('cdk bootstrap', () => cdk(account, 'bootstrap', 'aws://000000000000/us-east-1'));
  const [dev, staging] = await step('cdk deploy of dev and staging', () => deployBoth(account));
  const stages = [dev, staging];
  printAdaptations(stages);
  await step('without a signing secret, both answer 503', () => answer503(stages));
  await step('the signing secrets are stored', () => storeSecrets(account, stages));
  await step('verify --stage holds for both, and warns that reconcile has no key', () => verify(account, stages));
  await step('neither stage accepts or sees events of the other', () => areSeparate(dev, staging));
  // Each changes its copy of the project.
  const stagingAccount = { ...account, project: `${account.project}-staging` };
  copyProject(stagingAccount.project);
  const [secondDev, restored] = await Promise.all([useDev(account, dev), useStaging(stagingAccount, staging)]);
  await step('cdk destroy removes dev whole', () => destroyDev(account, secondDev));
  await step('cdk destroy of staging keeps exactly what it must', () => destroyStaging(stagingAccount, restored));
  await step('a creation that fails leaves no protected table, and the runbook’s commands remove the stack', () =>
    creationFails(account),
  );
}

async function useDev(account: Account, dev: Stage): Promise<Stage> {
  await step('an event on the partner bus of dev reaches its row, and one that no setting wants does not', () =>
    throughEventBridge(account, dev),
  );
  await step(
    'what changes a row of dev reaches a consumer’s queue by way of the change feed, and nothing else does',
    () => throughChangeFeed(account, dev),
  );
  await step('the demo’s story through the webhook of dev', () => demo(account, dev));
  const poison = await step('a message that no rule understands becomes a dead letter, and no other does', () =>
    poisonStage(account, dev),
  );
  const second = await step('a second cdk deploy with changed code loses no event', () => deployChange(account, dev));
  await step(
    'redrive applies the dead letter that the changed code understands, and what EventBridge could not queue',
    () => redrive(account, second, poison),
  );
  await step('the alias moves back to the first version, and forward again', () => goBack(account, second));
  return second;
}

async function useStaging(account: Account, staging: Stage): Promise<Stage> {
  await step('each alarm that was deployed tells its topic when it goes off and when it clears', () =>
    alarmsReachSubscribers(account, staging),
  );
  await step('reconcile runs on the schedule’s own target, and is off without a key', () =>
    reconcile(account, staging),
  );
  return step('the tables are restored as the runbook says, and used with existingTables', () =>
    restoreTables(account, staging),
  );
}

/** One after the other synthesized, because both write the same bundles, and then deployed at the same time. */
async function deployBoth(account: Account): Promise<[Stage, Stage]> {
  const dev = await synthesize(account, 'dev');
  const staging = await synthesize(account, 'staging');
  return Promise.all([deployAssembly(account, dev, newSecret()), deployAssembly(account, staging, newSecret())]);
}

async function step<T>(words: string, work: () => Promise<T>): Promise<T> {
  const begin = Date.now();
  try {
    const result = await work();
    say(`✔ ${words} (${((Date.now() - begin) / 1000).toFixed(1)} s)`);
    return result;
  } catch (error) {
    say(`✘ ${words}`);
    throw error;
  }
}

function printAdaptations(stages: readonly Stage[]): void {
  const lines = new Map<string, string[]>();
  for (const { name, adaptations } of stages)
    for (const { type, name: resource, what } of adaptations) {
      const line = `${type} ${resource}: ${what}`;
      lines.set(line, [...(lines.get(line) ?? []), name]);
    }
  say('  What the emulator deploys differs from the template in this:');
  for (const [line, names] of lines) say(`    ${line} (${names.join(', ')})`);
}

function newSecret(): string {
  return `whsec_${randomBytes(16).toString('hex')}`;
}

async function answer503(stages: readonly Stage[]): Promise<void> {
  for (const stage of stages) {
    const { status } = await stage.post(event('charge.succeeded', charge()));
    expect(status === 503, `${stage.name} answered ${status}`);
  }
}

/** As docs/deploy.md says. A function asks for the secret again after 10 seconds. */
async function storeSecrets(account: Account, stages: readonly Stage[]): Promise<void> {
  for (const { outputs, secret } of stages) {
    const value = JSON.stringify({ signingSecrets: [secret] });
    const id = outputs.SigningSecretArn!;
    await aws(account, 'secretsmanager', 'put-secret-value', '--secret-id', id, '--secret-string', value);
  }
  // Signed, and no event: refused by its content once the signature is accepted.
  for (const stage of stages) {
    let status = 0;
    await until(`${stage.name} reads its secret`, 60, async () => {
      ({ status } = await stage.post({}));
      return status === 400;
    }).catch((error: Error) => expect(false, `${error.message}; the last answer was ${status}`));
  }
}

const NO_KEY = 'reconcile has no Stripe API key';

async function verify(account: Account, [dev, staging]: readonly Stage[]): Promise<void> {
  const run = (stage: Stage) => stage.tool('verify', '--url', stage.webhookUrl, '--deadline', '60');
  // With a key there is nothing to warn of. The emulator cannot reach Stripe, so the key goes before reconcile runs.
  await storeApiKey(account, dev!, 'rk_test_rehearsal');
  const [withKey, withoutKey] = await Promise.all([run(dev!), run(staging!)]);
  await storeApiKey(account, dev!, '');
  for (const { code, output } of [withKey, withoutKey])
    expect(code === 0, `verify ended with code ${code}:\n${output}`);
  expect(withoutKey.output.includes(NO_KEY), `verify does not warn that reconcile has no key:\n${withoutKey.output}`);
  expect(!withKey.output.includes(NO_KEY), `verify warns although reconcile has a key:\n${withKey.output}`);
}

async function storeApiKey(account: Account, { outputs }: Stage, apiKey: string): Promise<void> {
  const value = ['--secret-id', outputs.StripeApiKeyArn!, '--secret-string', JSON.stringify({ apiKey })];
  await aws(account, 'secretsmanager', 'put-secret-value', ...value);
}

async function areSeparate(one: Stage, other: Stage): Promise<void> {
  const id = unique('ch_separate');
  const paid = event('charge.succeeded', charge({ id }), 0, unique('evt'));
  expect((await other.post(paid, one.secret)).status === 400, `${other.name} accepted a signature of ${one.name}`);
  expect((await one.post(paid)).status === 200, `${one.name} refused its own signature`);
  await until(`the row of ${id}`, 60, async () => (await transaction(one, id)) !== undefined);
  expect((await transaction(other, id)) === undefined, `${other.name} holds a row of ${one.name}`);
}

/** The rule passes on what Stripe put there, without the envelope. */
async function throughEventBridge(account: Account, stage: Stage): Promise<void> {
  const [wanted, otherMode] = [unique('ch_bus'), unique('ch_live')];
  const paid = (id: string, livemode: boolean) => ({
    ...event('charge.succeeded', charge({ id, livemode }), 0, unique('evt')),
    livemode,
  });
  const entries = [paid(otherMode, true), event('plan.created', { id: 'plan' }), paid(wanted, false)].map((each) => ({
    EventBusName: stage.outputs.EventBusName,
    Source: standInFor(PARTNER_SOURCE),
    DetailType: each.type,
    Detail: JSON.stringify(each),
  }));
  const put = await aws(account, 'events', 'put-events', '--entries', JSON.stringify(entries));
  expect(put.FailedEntryCount === 0, `the bus refused an event: ${JSON.stringify(put)}`);
  await until(`the row of ${wanted}`, 60, async () => (await transaction(stage, wanted)) !== undefined);
  expect((await transaction(stage, otherMode)) === undefined, 'an event of the other mode passed the rule');
  // The same event by the webhook is a duplicate.
  const row = JSON.stringify(await transaction(stage, wanted));
  expect((await stage.post(JSON.parse(entries[2]!.Detail))).status === 200, 'the webhook refused the same event');
  await until('the queue is empty', 60, async () => (await messagesIn(account, stage.outputs.QueueUrl!)) === 0);
  expect(JSON.stringify(await transaction(stage, wanted)) === row, 'the second way changed the row');
}

/** A consumer's copy of a row, made of events alone, is the row in the table. */
async function throughChangeFeed(account: Account, stage: Stage): Promise<void> {
  const id = unique('ch_feed');
  const consumer = await startConsumer(stage, id);
  const paid = event('charge.succeeded', charge({ id }), 0, unique('evt'));
  const refunded = event('charge.refunded', charge({ id, refunded: true, amount_refunded: 2000 }), 9, unique('evt'));
  const post = async (each: object) => expect((await stage.post(each)).status === 200, 'the webhook refused an event');
  const expectNewest = async (type: string, before: unknown) => {
    const { _revision, ...row } = (await transaction(stage, id))!;
    const after = Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('_')));
    const { source, 'detail-type': found, detail } = consumer.received.at(-1)!;
    const { changed, ...others } = detail;
    expectSame([source, found], ['stripe-partner-sync', type]);
    const wanted = { id, sequence: _revision, stack: `${stage.stackName}/Sync`, before, after };
    expect(isDeepStrictEqual(others, wanted), `the event is ${JSON.stringify(others)}, not ${JSON.stringify(wanted)}`);
    return after;
  };
  await post(paid);
  await consumer.receive(1);
  const recorded = await expectNewest('transaction.recorded', null);
  // A duplicate changes nothing, so the refund is the second event. The feed sends the changes of one row in their order.
  await post(paid);
  await until('the queue is empty', 60, async () => (await messagesIn(account, stage.outputs.QueueUrl!)) === 0);
  await post(refunded);
  await consumer.receive(2);
  await expectNewest('transaction.deleted', recorded);
  const { code, output } = await stage.tool('redrive', '--feed', '--all');
  expect(code === 0 && /Sent \d+ rows, and deleted 0 messages/.test(output), `redrive --feed --all:\n${output}`);
  await consumer.receive(3);
  await expectNewest('transaction.deleted', null);
  expectSame(consumer.received.length, 3);
  await consumer.leave();
}

/** The demo finds its stack in a file, as it finds a local one. */
async function demo(account: Account, stage: Stage): Promise<void> {
  const { outputs, webhookUrl, secret } = stage;
  const stackFile = join(account.scratch, 'stack.json');
  const tables = {
    customers: outputs.CustomersTable,
    transactions: outputs.TransactionsTable,
    links: outputs.LinksTable,
    statements: outputs.StatementsTable,
  };
  const endpoint = process.env.AWS_ENDPOINT_URL;
  const file = {
    webhookUrl,
    signingSecrets: [secret],
    region: process.env.AWS_REGION,
    dynamodbEndpoint: endpoint,
    sqsEndpoint: endpoint,
    queueUrl: outputs.QueueUrl,
    tables,
    settings: JSON.parse(outputs.Settings!),
  };
  writeFileSync(stackFile, JSON.stringify(file));
  const printed = await run('npm', ['run', '--silent', 'demo', '--', '--stack-file', stackFile], {
    cwd: account.project,
  });
  expect(printed.startsWith('Using the stack that is running'), `the demo started another stack:\n${printed}`);
}

/** @returns the charge that the first version of the worker does not understand */
async function poisonStage(account: Account, stage: Stage): Promise<string> {
  const [healthy, poison] = [unique('ch_healthy'), unique('ch_poison')];
  for (const object of [charge({ id: healthy }), charge({ id: poison, amount: '2000', amount_captured: '2000' })])
    expect((await stage.post(event('charge.succeeded', object, 0, unique('evt')))).status === 200, 'it was refused');
  await until('the dead letter', 60, async () => (await deadLetters(account, stage)) === 1);
  await until('the row of the healthy charge', 60, async () => (await transaction(stage, healthy)) !== undefined);
  const { code, output } = await stage.tool('redrive');
  expect(code === 0 && output.includes(poison) && /amount/.test(output), `redrive does not say why:\n${output}`);
  return poison;
}

function deadLetters(account: Account, { outputs }: Stage): Promise<number> {
  return messagesIn(account, outputs.DeadLetterQueueUrl!);
}

async function messagesIn(account: Account, queueUrl: string): Promise<number> {
  const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
  const queue = ['--queue-url', queueUrl, '--attribute-names', ...names];
  const { Attributes } = await aws(account, 'sqs', 'get-queue-attributes', ...queue);
  return names.reduce((sum, name) => sum + Number(Attributes[name]), 0);
}

/** Charges are paid before, during and after the deployment; each must be accepted and reach the tables. */
async function deployChange(account: Account, stage: Stage): Promise<Stage> {
  const ids: string[] = [];
  let deploying = true;
  let versions = 0;
  const feeder = (async () => {
    for (let after = 0; deploying || after < 10; after += deploying ? 0 : 1) {
      const id = unique(`ch_fed_${ids.length}`);
      ids.push(id);
      const { status, headers } = await stage.post(event('charge.succeeded', charge({ id }), 0, unique('evt')));
      expect(status === 200, `${id} was answered with ${status}`);
      if (headers.get(NEW_VERSION_HEADER) === '2') versions++;
      await sleep(100);
    }
  })();
  feeder.catch(() => {});
  changeCode(account.project);
  const second = await deploy(account, stage.name, stage.secret).finally(() => {
    deploying = false;
  });
  await feeder;
  expect(versions > 0 && versions < ids.length, `${versions} of ${ids.length} answers came from the second version`);
  for (const id of ids)
    await until(`the row of ${id}`, 60, async () => (await transaction(second, id))?.status === 'recorded');
  const changed = Object.keys(stage.outputs).filter((name) => stage.outputs[name] !== second.outputs[name]);
  expect(changed.length === 0, `the deployment changed ${changed.join(', ')}`);
  return second;
}

/** Both queues of dead letters are emptied: the worker's, and that of the rule in front of the queue. */
async function redrive(account: Account, stage: Stage, poison: string): Promise<void> {
  // The emulator drops what a rule cannot deliver, so the message that EventBridge would have left is put there.
  const undelivered = unique('ch_undelivered');
  const detail = event('charge.succeeded', charge({ id: undelivered }), 0, unique('evt'));
  const envelope = { version: '0', 'detail-type': detail.type, source: PARTNER_SOURCE, detail };
  const queue = ['--queue-url', stage.outputs.SourceDeadLetterQueueUrl!];
  await aws(account, 'sqs', 'send-message', ...queue, '--message-body', JSON.stringify(envelope));
  const { code, output } = await stage.tool('redrive', '--all');
  expect(code === 0 && output.includes('Sent back 2 messages'), `redrive ended with code ${code}:\n${output}`);
  await until('the row of the dead letter', 60, async () => (await transaction(stage, poison))?.amount === 2000);
  await until('the row of the other one', 60, async () => (await transaction(stage, undelivered)) !== undefined);
  expect((await deadLetters(account, stage)) === 0, 'the dead-letter queue is not empty');
}

/** The way back that docs/runbook.md describes, and forward again. */
async function goBack(account: Account, stage: Stage): Promise<void> {
  const alias = ['--function-name', stage.outputs.IngestFunctionName!, '--name', 'live'];
  const { FunctionVersion: newest } = await aws(account, 'lambda', 'get-alias', ...alias);
  const { Versions } = await aws(account, 'lambda', 'list-versions-by-function', ...alias.slice(0, 2));
  const older = (Versions as { Version: string }[])
    .map(({ Version }) => Version)
    .find((version) => version !== '$LATEST' && version !== newest);
  expect(older !== undefined, 'the first version is gone: there is no way back');
  const answers = async () => (await stage.post({})).headers.get(NEW_VERSION_HEADER);
  for (const [version, header] of [
    [older, null],
    [newest, '2'],
  ] as const) {
    await aws(account, 'lambda', 'update-alias', ...alias, '--function-version', version);
    await until(`answers of version ${version}`, 60, async () => (await answers()) === header);
  }
}

/** The emulator does not evaluate the topic's policy when an alarm publishes; test/lib does. */
async function alarmsReachSubscribers(account: Account, { stackName, outputs }: Stage): Promise<void> {
  const allowSns = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: '*',
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [allowSns] });
  const queue = ['--queue-name', 'rehearsal-subscriber', '--attributes', JSON.stringify({ Policy })];
  const { QueueUrl } = await aws(account, 'sqs', 'create-queue', ...queue);
  const { QueueArn } = (
    await aws(account, 'sqs', 'get-queue-attributes', '--queue-url', QueueUrl, '--attribute-names', 'QueueArn')
  ).Attributes;
  const topic = ['--topic-arn', outputs.AlarmTopicArn!];
  await aws(account, 'sns', 'subscribe', ...topic, '--protocol', 'sqs', '--notification-endpoint', QueueArn);
  const { MetricAlarms } = await aws(account, 'cloudwatch', 'describe-alarms', '--alarm-name-prefix', stackName);
  const expected = new Set<string>();
  const setOffAndClear = async ({ AlarmName }: { AlarmName: string }) => {
    for (const state of ['ALARM', 'OK']) {
      const set = ['--alarm-name', AlarmName, '--state-value', state, '--state-reason', 'rehearsal'];
      expected.add(`${AlarmName} ${state}`);
      await aws(account, 'cloudwatch', 'set-alarm-state', ...set);
    }
  };
  await Promise.all(MetricAlarms.map(setOffAndClear));
  expect(expected.size > 0, 'no alarm was deployed');
  await until(`a message of each: ${[...expected].join(', ')}`, 60, async () => {
    const receive = ['--queue-url', QueueUrl, '--max-number-of-messages', '10', '--wait-time-seconds', '1'];
    for (const { Body } of (await aws(account, 'sqs', 'receive-message', ...receive))?.Messages ?? []) {
      const { AlarmName, NewStateValue } = JSON.parse(JSON.parse(Body).Message);
      expected.delete(`${AlarmName} ${NewStateValue}`);
    }
    return expected.size === 0;
  });
  await aws(account, 'sqs', 'delete-queue', '--queue-url', QueueUrl);
}

async function reconcile(account: Account, { stackName, outputs }: Stage): Promise<void> {
  const { Rules } = await aws(account, 'events', 'list-rules', '--name-prefix', stackName);
  const { Targets } = await aws(account, 'events', 'list-targets-by-rule', '--rule', Rules[0].Name);
  const [{ Arn }] = Targets;
  expect(Arn.includes(outputs.ReconcileFunctionName!), `the schedule’s target is ${Arn}`);
  const answerFile = join(account.scratch, 'reconcile.json');
  const { FunctionError } = await aws(account, 'lambda', 'invoke', '--function-name', Arn, answerFile);
  expect(FunctionError === undefined, `reconcile failed: ${FunctionError}`);
}

async function destroyDev(account: Account, { stackName }: Stage): Promise<void> {
  await cdk(account, 'destroy', '--force', ...contextOf('dev'));
  expectSame(counts(await takeInventory(account), stackName), {});
}

/** What a stage that retains data keeps: its rows, the events on their way to them, its secrets and its logs. */
const RETAINED = {
  // The four that were restored, and the four that they replaced.
  'AWS::DynamoDB::Table': 8,
  'AWS::Logs::LogGroup': 3,
  'AWS::SQS::Queue': 2,
  'AWS::SecretsManager::Secret': 2,
};

async function destroyStaging(account: Account, stage: Stage): Promise<void> {
  const before = await transaction(stage, await record(stage));
  const destroy = () => cdk(account, 'destroy', '--force', ...contextOf('staging'));
  // What was deployed, so that this one needs no synthesis.
  const refusal = await cdk(account, 'destroy', '--force', '--all', '--app', stage.folder).then(
    () => 'none',
    (error: Error) => error.message,
  );
  expect(/termination ?protection/i.test(refusal), `termination protection did not stop cdk destroy: ${refusal}`);
  const unprotect = ['--stack-name', stage.stackName, '--no-enable-termination-protection'];
  await aws(account, 'cloudformation', 'update-termination-protection', ...unprotect);
  await destroy();
  expectSame(counts(await takeInventory(account)), RETAINED);
  await expectProtected(account, tablesOf(stage), 'after cdk destroy');
  expectSame(await transaction(stage, String(before!.transaction_id)), before);
  const id = ['--secret-id', stage.outputs.SigningSecretArn!];
  const { SecretString } = await aws(account, 'secretsmanager', 'get-secret-value', ...id);
  expectSame(JSON.parse(SecretString), { signingSecrets: [stage.secret] });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
