// `backfill`: sends what Stripe already has through the queue, as snapshots that never overwrite anything newer.

import { sendEvents } from '../../functions/queue/send-events.js';
import { onTarget, type Register, resumable } from '../command.js';
import { parseDate } from '../dates.js';
import { OperatorError } from '../errors.js';
import type { Output } from '../output.js';
import { askForStripe } from '../prompt.js';
import { type BackfillState, backfill, kindsFor, SNAPSHOT_KINDS, type SnapshotKind } from '../snapshots.js';
import { openStateFile } from '../state-file.js';
import type { Target } from '../target.js';

export const registerBackfill: Register = (yargs) =>
  yargs.command(
    'backfill [kinds..]',
    'bring in what Stripe already has; overwrites nothing newer',
    (y) =>
      y
        .positional('kinds', {
          choices: SNAPSHOT_KINDS,
          array: true,
          describe: 'what to bring in; by default what the settings need',
        })
        .options({
          since: { type: 'string', demandOption: true, describe: 'the first day, such as 2025-01-31 (UTC)' },
          'dry-run': { type: 'boolean', default: false, describe: 'only count' },
        })
        .example('npx $0 backfill --stage prod --since 2025-01-01', 'everything since the start of 2025'),
    (argv) =>
      onTarget(argv, (target, output) => {
        const kinds = argv.kinds?.length ? (argv.kinds as SnapshotKind[]) : kindsFor(target.settings);
        const since = parseDate(argv.since);
        return resumable(() => run(target, output, { kinds, since, sent: 0 }, argv.dryRun));
      }),
  );

async function run(target: Target, output: Output, fresh: BackfillState, dryRun: boolean): Promise<void> {
  if (target.queueUrl === '' && !dryRun) throw new OperatorError('name the event queue with --queue-url', 2);
  const stripe = await askForStripe();
  const file = openStateFile<BackfillState>(`backfill ${target.name}${dryRun ? ' dry run' : ''}`);
  try {
    const continued = !dryRun && file.stopped?.since === fresh.since;
    const state = continued && file.stopped ? file.stopped : fresh;
    if (continued) output.say(`Continuing where it stopped: ${state.sent} snapshots were sent.`);
    const began = Date.now();
    const end = await backfill({
      stripe,
      settings: target.settings,
      state,
      send: (events) => (dryRun ? Promise.resolve() : sendEvents(target.sqs, target.queueUrl, events)),
      onPage: (current) => {
        if (!dryRun) file.save(current);
        const rate = (current.sent - state.sent) / ((Date.now() - began) / 1000);
        output.progress(`${current.sent} snapshots, ${rate.toFixed(0)} per second, ${current.kinds[0] ?? 'done'}`);
      },
    });
    file.finish();
    output.item({ sent: end.sent, dryRun }, `${dryRun ? 'Would send' : 'Sent'} ${end.sent} snapshots.`);
  } finally {
    file.close();
  }
}
