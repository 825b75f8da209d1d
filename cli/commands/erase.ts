// `erase KEY`: forgets a customer's name and email for good.

import { sendEvents } from '../../functions/queue/send-events.js';
import { onTarget, type Register } from '../command.js';
import { eraseEvent } from '../erase-event.js';
import { OperatorError } from '../errors.js';
import { confirmed } from '../prompt.js';

export const registerErase: Register = (yargs) =>
  yargs.command(
    'erase <key>',
    'forget a customer’s name and email for good; keys, payments and partner stay',
    (y) =>
      y
        .positional('key', { type: 'string', demandOption: true, describe: 'a customer_key' })
        .option('yes', { type: 'boolean', describe: 'do not ask' })
        .example('npx $0 erase acme --stage prod', 'after a request to be forgotten')
        .epilogue(
          'This does not reach backups (35 days), dead letters (14 days), exports in S3 (30 days, keepDays), or change-feed consumers that receive personalData. Delete the customer in Stripe too.',
        ),
    (argv) =>
      onTarget(argv, async (target, output) => {
        if (target.queueUrl === '') throw new OperatorError('name the event queue with --queue-url', 2);
        const question = `Erase the name and email of customer ${argv.key} for good?`;
        if (!argv.yes && !(await confirmed(question))) {
          throw new OperatorError('nothing was erased: confirm with --yes', 2);
        }
        await sendEvents(target.sqs, target.queueUrl, [eraseEvent(argv.key)]);
        output.item(
          { erased: argv.key },
          `Sent to the queue: the name and email of ${argv.key} will be erased in a moment.`,
        );
      }),
  );
