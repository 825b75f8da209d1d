// `resync ID`: fetches one object from Stripe, with what belongs to it, and sends it through the queue.

import { sendEvents } from '../../functions/queue/send-events.js';
import { onTarget, type Register } from '../command.js';
import { OperatorError } from '../errors.js';
import { askForStripe } from '../prompt.js';
import { resyncEvents } from '../resync.js';

export const registerResync: Register = (yargs) =>
  yargs.command(
    'resync <id>',
    'fetch one customer, charge or invoice from Stripe, with what belongs to it, and apply it again',
    (y) =>
      y
        .positional('id', { type: 'string', demandOption: true, describe: 'cus_…, ch_… or in_…' })
        .example('npx $0 resync ch_3PkXyz --stage prod', 'a charge and its customer')
        .example('npx $0 resync cus_QaBcDe --stage prod', 'a customer and all of its payments'),
    (argv) =>
      onTarget(argv, async (target, output) => {
        if (target.queueUrl === '') throw new OperatorError('name the event queue with --queue-url', 2);
        const events = await resyncEvents(await askForStripe(), argv.id, target.settings);
        await sendEvents(target.sqs, target.queueUrl, events);
        const ids = events.map((event) => (event as { data: { object: { id: string } } }).data.object.id);
        output.item({ sent: ids.length, ids }, `Sent ${ids.length} snapshots to the queue: ${ids.join(', ')}`);
      }),
  );
