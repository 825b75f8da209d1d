// `reconcile`: fetches the events that Stripe could not deliver; with --check it compares Stripe with the tables and sends nothing.

import { sendEvents } from '../../functions/queue/send-events.js';
import { type Cursor, reconcile } from '../../functions/reconcile/reconcile.js';
import { onTarget, type Register, resumable } from '../command.js';
import { parseDate } from '../dates.js';
import { differences } from '../differences.js';
import { OperatorError } from '../errors.js';
import type { Output } from '../output.js';
import { askForStripe } from '../prompt.js';
import { openStateFile } from '../state-file.js';
import type { Target } from '../target.js';

/** Stripe lists events for 30 days; in seconds. */
const STRIPE_KEEPS = 30 * 24 * 3600;

export const registerReconcile: Register = (yargs) =>
  yargs.command(
    'reconcile',
    'fetch the events that Stripe could not deliver',
    (y) =>
      y
        .options({
          all: { type: 'boolean', describe: 'fetch every event of the last 30 days' },
          check: { type: 'boolean', describe: 'only compare Stripe with the tables' },
          since: { type: 'string', describe: 'with --check: the first day (default: 30 days ago)' },
        })
        .conflicts({ all: ['check', 'since'] })
        .example('npx $0 reconcile --stage prod --check', 'is anything missing?')
        .example('npx $0 reconcile --stage prod', 'fetch what is missing'),
    (argv) =>
      onTarget(argv, (target, output) => {
        if (argv.since !== undefined && !argv.check) throw new OperatorError('--since needs --check', 2);
        const since = argv.since === undefined ? monthAgo() : parseDate(argv.since);
        return resumable(() =>
          argv.check ? check(target, output, since) : fetchMissed(target, output, argv.all ?? false),
        );
      }),
  );

async function fetchMissed(target: Target, output: Output, all: boolean): Promise<void> {
  if (target.queueUrl === '') throw new OperatorError('name the event queue with --queue-url', 2);
  const stripe = await askForStripe();
  const file = openStateFile<Cursor>(`reconcile ${target.name}${all ? ' all' : ''}`);
  try {
    if (file.stopped) output.say('Continuing where it stopped.');
    const { seen, sent } = await reconcile({
      stripe,
      settings: target.settings,
      cursor: file.stopped ?? { since: monthAgo() },
      maxPages: Number.POSITIVE_INFINITY,
      all,
      send: (events) => sendEvents(target.sqs, target.queueUrl, events),
      onPage: async (next, progress) => {
        file.save(next);
        output.progress(`${progress.seen} events read, ${progress.sent} sent`);
      },
    });
    file.finish();
    output.item({ seen, sent }, `Read ${seen} events, sent ${sent} to the queue.`);
  } finally {
    file.close();
  }
}

async function check(target: Target, output: Output, since: number): Promise<void> {
  let count = 0;
  for await (const difference of differences(await askForStripe(), target, since)) {
    count++;
    const { id, problem, expected, found } = difference;
    const amounts = expected === undefined ? '' : `: ${expected} by Stripe, ${found} in the table`;
    output.item(difference, `${id}  ${problem}${amounts}`);
  }
  if (count === 0) {
    output.say('Stripe and the tables agree.');
    output.data({ differences: 0 });
    return;
  }
  output.say(`${count} differences. \`resync ID\` repairs one, \`backfill\` all.`);
  process.exitCode = 1;
}

function monthAgo(): number {
  return Math.floor(Date.now() / 1000) - STRIPE_KEEPS;
}
