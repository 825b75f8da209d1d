// `redrive`: lists the dead letters by reason, sends them back or deletes them.

import { listFailures, redriveFeed, requireFeed } from '../change-feed.js';
import { onTarget, type Register } from '../command.js';
import {
  countDeadLetters,
  type DeadLetter,
  deadLetterQueuesOf,
  groupDeadLetters,
  readDeadLetters,
  release,
  removeAll,
  sendAllBack,
  sendBack,
} from '../dead-letters.js';
import { OperatorError } from '../errors.js';
import { type Output, table } from '../output.js';
import { confirmed } from '../prompt.js';
import type { Target } from '../target.js';

/** A person reads no more than this; the rest is only counted. */
const LISTED = 1000;

export const registerRedrive: Register = (yargs) =>
  yargs.command(
    'redrive',
    'list the dead letters, send them back to the queue or delete them; or the same for the change feed',
    (y) =>
      y
        .options({
          one: { type: 'string', describe: 'send back the messages of this event' },
          all: { type: 'boolean', describe: 'send all of them back' },
          delete: { type: 'boolean', describe: 'delete all of them' },
          feed: { type: 'boolean', describe: 'what the change feed did not send; with --all, send every row again' },
          yes: { type: 'boolean', describe: 'do not ask before deleting' },
        })
        .conflicts({ one: ['all', 'delete'], all: ['delete'], feed: ['one', 'delete'] })
        .example('npx $0 redrive --stage prod', 'what failed, and why')
        .example('npx $0 redrive --stage prod --all', 'once the cause is fixed'),
    (argv) =>
      onTarget(argv, async (target, output) => {
        if (argv.feed) return argv.all ? sendEveryRow(target, output) : listFeedFailures(target, output);
        if (target.deadLetterQueueUrl === '') {
          throw new OperatorError('name the dead-letter queue with --dead-letter-queue-url', 2);
        }
        if ((argv.one !== undefined || argv.all) && target.queueUrl === '') {
          throw new OperatorError('name the event queue with --queue-url', 2);
        }
        if (argv.one !== undefined) return sendOneBack(target, argv.one, output);
        if (argv.all) return sendBackAll(target, output);
        if (argv.delete) return deleteAll(target, argv.yes ?? false, output);
        return list(target, output);
      }),
  );

async function list(target: Target, output: Output): Promise<void> {
  const letters: DeadLetter[] = [];
  let more = 0;
  for (const queue of deadLetterQueuesOf(target)) {
    const found = await readDeadLetters(queue, LISTED);
    more += found.length >= LISTED ? await countDeadLetters(queue) : 0;
    await release(queue, found);
    letters.push(...found);
  }
  if (letters.length === 0) {
    output.say('The dead-letter queue is empty.');
    output.data({ count: 0 });
    return;
  }
  output.say(
    table([
      ['count', 'type', 'first event', 'reason'],
      ...groupDeadLetters(letters).map((group) => [
        String(group.length),
        group[0]!.eventType,
        group[0]!.eventId,
        group[0]!.reason,
      ]),
    ]),
  );
  for (const { message, ...shown } of letters)
    output.item({ messageId: message.MessageId, ...shown }, `  ${shown.eventId}  ${shown.objectId}`);
  if (more > 0) output.say(`About ${more} more are not listed.`);
}

async function listFeedFailures(target: Target, output: Output): Promise<void> {
  const failures = await listFailures(target, LISTED);
  if (failures.length === 0) {
    output.say('The change feed has sent everything.');
    output.data({ count: 0 });
    return;
  }
  output.say(
    table([
      ['records', 'since', 'table', 'given up because of'],
      ...failures.map(({ records, since, table: name, condition }) => [String(records), since, name, condition]),
    ]),
  );
  for (const failure of failures) output.data(failure);
  output.say('Once the cause is fixed, add --all: it sends the state of every row again.');
}

async function sendEveryRow(target: Target, output: Output): Promise<void> {
  requireFeed(target);
  const { EventBridgeClient } = await import('@aws-sdk/client-eventbridge');
  const eventBridge = new EventBridgeClient({});
  try {
    const result = await redriveFeed(target, eventBridge, (sent) => output.progress(`${sent} rows sent`));
    output.item(result, `Sent ${result.sent} rows, and deleted ${messages(result.deleted)}.`);
  } finally {
    eventBridge.destroy();
  }
}

async function sendOneBack(target: Target, eventId: string, output: Output): Promise<void> {
  let sent = 0;
  for (const queue of deadLetterQueuesOf(target)) {
    const letters = await readDeadLetters(queue);
    const chosen = letters.filter((letter) => letter.eventId === eventId);
    for (const letter of chosen) await sendBack(queue, letter);
    await release(
      queue,
      letters.filter((letter) => !chosen.includes(letter)),
    );
    sent += chosen.length;
  }
  if (sent === 0) throw new OperatorError(`no dead letter is about event ${eventId}`);
  report(output, 'Sent back', sent, false);
}

async function sendBackAll(target: Target, output: Output): Promise<void> {
  const onProgress = (count: number) => output.progress(`${count} messages sent back`);
  let [handled, failedAgain] = [0, 0];
  for (const queue of deadLetterQueuesOf(target)) {
    const emptied = await sendAllBack(queue, onProgress);
    handled += emptied.handled;
    failedAgain += emptied.failedAgain;
  }
  report(output, 'Sent back', handled, false);
  if (failedAgain > 0) {
    output.say(`${messages(failedAgain)} failed again and stayed: \`redrive\` lists them with their reason.`);
    process.exitCode = 1;
  }
}

async function deleteAll(target: Target, yes: boolean, output: Output): Promise<void> {
  const queues = deadLetterQueuesOf(target);
  const counts = await Promise.all(queues.map(countDeadLetters));
  const count = counts.reduce((sum, each) => sum + each, 0);
  if (!yes && !(await confirmed(`Delete about ${messages(count)} for good?`))) {
    throw new OperatorError('nothing was deleted: confirm with --yes', 2);
  }
  let deleted = 0;
  for (const queue of queues)
    deleted += await removeAll(queue, (handled) => output.progress(`${handled} messages deleted`));
  report(output, 'Deleted', deleted, true);
}

function report(output: Output, verb: string, count: number, deleted: boolean): void {
  output.item({ count, deleted }, `${verb} ${messages(count)}.`);
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}
