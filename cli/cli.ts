// The command line: what each command takes, and what becomes of its errors. Exit codes: 0 done, 1 something is wrong in the
// world, 2 wrong usage.

import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import yargs, { type Argv } from 'yargs';
import { sendEvents } from '../functions/queue/send-events.js';
import { reconcile } from '../functions/reconcile/reconcile.js';
import { stripeClient, withRateLimitRetry } from '../functions/stripe/client.js';
import type { GlobalOptions } from './command.js';
import { registerOwed } from './commands/owed.js';
import { registerRewards } from './commands/rewards.js';
import { registerStatement } from './commands/statement.js';
import { printDeadLetters, readDeadLetters, release, remove, sendBack } from './dead-letters.js';
import { differences } from './differences.js';
import { explain, OperatorError } from './errors.js';
import { createOutput, type Output } from './output.js';
import { parseReportKeys, printReport, reportLines } from './report-lines.js';
import { showCustomer, showTransaction } from './show.js';
import { BACKFILL_KINDS, type BackfillKind, type BackfillState, backfill, kindsFor } from './snapshots.js';
import { openStateFile } from './state-file.js';
import { findTarget, type Target, type TargetOptions } from './target.js';
import { type Trace, trace } from './trace.js';
import { verify } from './verify.js';
import { connect, disconnect } from './webhook-endpoint.js';

type Arguments = TargetOptions & { readonly json?: boolean };

/** Runs one command and ends the process with its exit code. */
export async function runCli(args: readonly string[]): Promise<void> {
  const parser = cli(args);
  // Whoever reads the output may have seen enough, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  try {
    await parser.parseAsync();
  } catch (error) {
    const { message, exitCode } = explain(error);
    process.stderr.write(`${message}\n`);
    process.exitCode = exitCode;
  }
}

function cli(args: readonly string[]): Argv<GlobalOptions> {
  const commands = yargs([...args])
    .scriptName('stripe-partner-sync')
    .usage('$0 <command>\n\nTools for a stack that is deployed (--stage NAME) or runs on this machine (--local).')
    .options({
      stage: { type: 'string', describe: 'a deployed stage', group: 'Which stack:' },
      local: { type: 'boolean', describe: 'the local stack that runs in this folder', group: 'Which stack:' },
      'stack-file': { type: 'string', describe: 'the local stack that wrote this file', group: 'Which stack:' },
      'customers-table': { type: 'string', describe: 'parts by name, in place of a stack', group: 'Which stack:' },
      'transactions-table': { type: 'string', group: 'Which stack:' },
      'links-table': { type: 'string', group: 'Which stack:' },
      'statements-table': { type: 'string', group: 'Which stack:' },
      'queue-url': { type: 'string', group: 'Which stack:' },
      'dead-letter-queue-url': { type: 'string', group: 'Which stack:' },
      json: { type: 'boolean', describe: 'one JSON object a line' },
    })
    .command(
      'connect',
      'create or update the webhook endpoint in Stripe',
      (y) =>
        y
          .options({
            'dry-run': { type: 'boolean', describe: 'show the difference' },
            url: { type: 'string', describe: 'the webhook’s URL, where it is not the stack’s own' },
          })
          .example('STRIPE_API_KEY=sk_… $0 connect --stage prod --dry-run', 'what would change'),
      (argv) =>
        onTarget(argv, async (target, output) =>
          connect(
            await stripe(),
            target,
            { dryRun: argv.dryRun ?? false, ...(argv.url ? { url: argv.url } : {}) },
            output,
          ),
        ),
    )
    .command(
      'disconnect',
      'delete the webhook endpoint in Stripe',
      (y) => y.options({ url: { type: 'string' } }).example('STRIPE_API_KEY=sk_… $0 disconnect --stage dev', ''),
      (argv) =>
        onTarget(argv, async (target, output) =>
          disconnect(await stripe(), target, argv.url ? { url: argv.url } : {}, output),
        ),
    )
    .command(
      'verify',
      'send signed events and follow them into the tables',
      (y) =>
        y
          .options({
            url: { type: 'string' },
            deadline: { type: 'number', default: 60, describe: 'seconds to wait for rows' },
          })
          .example('$0 verify --local', 'is all well on this machine?'),
      (argv) =>
        onTarget(argv, async (target, output) => {
          const checks = await verify(
            target,
            { deadline: argv.deadline, ...(argv.url ? { url: argv.url } : {}) },
            output,
          );
          const failed = checks.filter(({ ok }) => !ok).length;
          output.say(
            failed === 0
              ? `\nAll ${checks.length} checks hold.`
              : `\n${failed} of ${checks.length} checks do not hold.`,
          );
          if (failed > 0) process.exitCode = 1;
        }),
    )
    .command(
      'backfill [kinds..]',
      'bring in what Stripe already has, as snapshots that overwrite nothing newer',
      (y) =>
        y
          .positional('kinds', { choices: BACKFILL_KINDS, array: true, describe: 'by default what the settings need' })
          .options({
            since: { type: 'string', demandOption: true, describe: 'a date, such as 2025-01-31' },
            'dry-run': { type: 'boolean', describe: 'count only' },
          })
          .example('STRIPE_API_KEY=sk_… $0 backfill --stage prod --since 2025-01-01', ''),
      (argv) =>
        onTarget(argv, (target, output) =>
          resumable(() =>
            runBackfill(
              target,
              output,
              argv.kinds as BackfillKind[] | undefined,
              parseDate(argv.since),
              argv.dryRun ?? false,
            ),
          ),
        ),
    )
    .command(
      'reconcile',
      'fetch the events that Stripe could not deliver',
      (y) =>
        y
          .options({
            all: { type: 'boolean', describe: 'every event of the last 30 days' },
            check: { type: 'boolean', describe: 'only compare Stripe with the tables' },
            since: { type: 'string', describe: 'with --check: from this date on (default: 30 days ago)' },
          })
          .example('STRIPE_API_KEY=sk_… $0 reconcile --stage prod --check', 'is nothing missing?'),
      (argv) =>
        onTarget(argv, (target, output) =>
          resumable(() =>
            argv.check ? runCheck(target, output, argv.since) : runReconcile(target, output, argv.all ?? false),
          ),
        ),
    )
    .command(
      'redrive',
      'look at the dead letters, send them back or delete them',
      (y) =>
        y
          .options({
            one: { type: 'string', describe: 'send back the message of this event' },
            all: { type: 'boolean', describe: 'send all of them back' },
            delete: { type: 'boolean', describe: 'delete all of them' },
            yes: { type: 'boolean', describe: 'do not ask before deleting' },
          })
          .conflicts({ one: ['all', 'delete'], all: ['delete'] })
          .example('$0 redrive --stage prod', 'what is stuck, and why'),
      (argv) => onTarget(argv, (target, output) => runRedrive(target, output, argv)),
    )
    .command(
      'trace <id>',
      'what happened to an event, charge, invoice, Stripe customer or customer key',
      (y) => y.positional('id', { type: 'string', demandOption: true }).example('$0 trace ch_123 --stage prod', ''),
      (argv) =>
        onTarget(argv, async (target, output) => {
          const fromStripe = process.env.STRIPE_API_KEY ? traceInStripe : undefined;
          if ((await trace(target, argv.id, output, fromStripe)) === 0) process.exitCode = 1;
        }),
    )
    .command(
      'show <what> <id>',
      'one row: `show customer KEY`, `show transaction ID`',
      (y) =>
        y
          .positional('what', { choices: ['customer', 'transaction'] as const, demandOption: true })
          .positional('id', { type: 'string', demandOption: true })
          .example('$0 show customer acme --local', ''),
      (argv) =>
        onTarget(argv, (target, output) =>
          (argv.what === 'customer' ? showCustomer : showTransaction)(target, argv.id, output),
        ),
    )
    .command(
      'report',
      'what stands, summed up; currencies are never added together',
      (y) =>
        y
          .options({
            by: {
              type: 'string',
              default: 'partner,product,month',
              describe: 'any of partner, customer, product, currency, month',
            },
            partner: { type: 'string', describe: 'this partner alone' },
            from: { type: 'string', describe: 'a date, the first' },
            before: { type: 'string', describe: 'a date, the first that is not in it' },
            format: { choices: ['table', 'csv', 'json'] as const, default: 'table' as const },
          })
          .example('$0 report --stage prod --partner ada --from 2025-06-01 --before 2025-07-01', ''),
      (argv) =>
        onTarget(argv, async (target, output) => {
          const by = parseReportKeys(argv.by);
          const range = {
            ...(argv.from ? { from: parseDate(argv.from) } : {}),
            ...(argv.before ? { before: parseDate(argv.before) } : {}),
          };
          const lines = await reportLines(target, { by, ...(argv.partner ? { partner: argv.partner } : {}), ...range });
          const format = argv.json ? 'json' : argv.format;
          printReport(lines, format, by, format === 'json' ? createOutput(true) : output);
        }),
    );
  return [registerOwed, registerRewards, registerStatement]
    .reduce((all, register) => register(all), commands as Argv<GlobalOptions>)
    .completion('completion', 'print a script that completes commands in bash or zsh')
    .demandCommand(1, 'say which command')
    .strict()
    .wrap(Math.min(100, process.stdout.columns ?? 100))
    .version(false)
    .fail((message, error, y) => {
      if (error) throw error;
      throw new OperatorError(`${message}\n\n${y.help === undefined ? '' : 'See --help.'}`.trim(), 2);
    })
    .exitProcess(false);
}

async function onTarget(argv: Arguments, command: (target: Target, output: Output) => Promise<void>): Promise<void> {
  const target = await findTarget(argv);
  try {
    await command(target, createOutput(argv.json ?? false));
  } finally {
    target.close();
  }
}

/** The key comes from the environment, or from whoever sits at the terminal: never from an argument, which others can read. */
async function stripe() {
  const key = process.env.STRIPE_API_KEY ?? (process.stdin.isTTY ? await askSecret('Stripe API key: ') : undefined);
  if (!key) throw new OperatorError('set STRIPE_API_KEY to a secret or restricted key of Stripe’s', 2);
  return stripeClient(key);
}

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
}

/** Asks without showing what is typed. */
async function askSecret(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return (await terminal.question('')).trim();
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

/** Ctrl-C in the middle: each page is kept once it is done, so nothing is left half done. */
async function resumable<T>(work: () => Promise<T>): Promise<T> {
  const interrupted = () => {
    process.stderr.write('\nStopped. What was sent is kept; run the same command again to go on from there.\n');
    process.exit(1);
  };
  process.once('SIGINT', interrupted);
  try {
    return await work();
  } finally {
    process.off('SIGINT', interrupted);
  }
}

function parseDate(text: string): number {
  const milliseconds = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(milliseconds))
    throw new OperatorError(`${JSON.stringify(text)} is no date; write it as 2025-01-31`, 2);
  return milliseconds / 1000;
}

async function runBackfill(
  target: Target,
  output: Output,
  kinds: BackfillKind[] | undefined,
  since: number,
  dryRun: boolean,
): Promise<void> {
  const client = await stripe();
  if (target.queueUrl === '' && !dryRun) throw new OperatorError('name the queue with --queue-url', 2);
  const wanted = kinds?.length ? kinds : kindsFor(target.settings);
  const file = openStateFile<BackfillState>(`backfill ${target.name}${dryRun ? ' dry run' : ''}`);
  try {
    const same = file.stopped?.since === since && !dryRun;
    const state = same && file.stopped ? file.stopped : { kinds: wanted, since, sent: 0 };
    if (same) output.say(`Going on where it stopped: ${state.sent} snapshots were sent.`);
    const began = Date.now();
    const end = await backfill({
      stripe: client,
      settings: target.settings,
      state,
      send: (events) => (dryRun ? Promise.resolve() : sendEvents(target.sqs, target.queueUrl, events)),
      onPage: (current) => {
        if (!dryRun) file.save(current);
        const rate = (current.sent - state.sent) / ((Date.now() - began) / 1000);
        output.progress(`${current.sent} snapshots, ${rate.toFixed(0)} a second, at ${current.kinds[0] ?? 'the end'}`);
      },
    });
    file.finish();
    output.item({ sent: end.sent, dryRun }, `${dryRun ? 'Would send' : 'Sent'} ${end.sent} snapshots.`);
  } finally {
    file.close();
  }
}

/** As far as Stripe lists events, in seconds. */
const STRIPE_KEEPS = 30 * 24 * 3600;

async function runReconcile(target: Target, output: Output, all: boolean): Promise<void> {
  const client = await stripe();
  const file = openStateFile<Parameters<typeof reconcile>[0]['cursor']>(`reconcile ${target.name}${all ? ' all' : ''}`);
  try {
    const cursor = file.stopped ?? { since: Math.floor(Date.now() / 1000) - STRIPE_KEEPS };
    if (file.stopped) output.say('Going on where it stopped.');
    const { seen, sent } = await reconcile({
      stripe: client,
      settings: target.settings,
      cursor,
      maxPages: Number.POSITIVE_INFINITY,
      all,
      send: (events) => sendEvents(target.sqs, target.queueUrl, events),
      onPage: async (next, progress) => {
        file.save(next);
        output.progress(`${progress.seen} events looked at, ${progress.sent} sent`);
      },
    });
    file.finish();
    output.item({ seen, sent }, `Looked at ${seen} events, sent ${sent} to the queue.`);
  } finally {
    file.close();
  }
}

async function runCheck(target: Target, output: Output, since: string | undefined): Promise<void> {
  const from = since === undefined ? Math.floor(Date.now() / 1000) - STRIPE_KEEPS : parseDate(since);
  let count = 0;
  for await (const difference of differences(await stripe(), target, from)) {
    count++;
    const amounts =
      difference.expected === undefined ? '' : `: ${difference.expected} in Stripe, ${difference.found} here`;
    output.item(difference, `${difference.id}  ${difference.problem}${amounts}`);
  }
  output.say(
    count === 0 ? 'Stripe and the tables agree.' : `${count} differences. \`backfill\` brings in what is missing.`,
  );
  if (count > 0) process.exitCode = 1;
}

async function runRedrive(
  target: Target,
  output: Output,
  options: { one?: string; all?: boolean; delete?: boolean; yes?: boolean },
): Promise<void> {
  const letters = await readDeadLetters(target);
  const chosen = options.one === undefined ? letters : letters.filter(({ eventId }) => eventId === options.one);
  if (options.one !== undefined && chosen.length === 0) {
    await release(target, letters);
    throw new OperatorError(`no dead letter is about event ${options.one}`);
  }
  if (!options.one && !options.all && !options.delete) {
    printDeadLetters(letters, output);
    return release(target, letters);
  }
  if (options.delete && !options.yes) {
    const answer = process.stdin.isTTY ? await ask(`Delete ${chosen.length} messages for good? Type yes: `) : '';
    if (answer !== 'yes') {
      await release(target, letters);
      throw new OperatorError('nothing was deleted: confirm with --yes', 2);
    }
  }
  for (const letter of chosen) await (options.delete ? remove : sendBack)(target, letter);
  await release(
    target,
    letters.filter((letter) => !chosen.includes(letter)),
  );
  output.item(
    { count: chosen.length, deleted: options.delete ?? false },
    `${options.delete ? 'Deleted' : 'Sent back'} ${chosen.length} messages.`,
  );
}

async function traceInStripe(id: string): Promise<Trace[]> {
  const client = await stripe();
  const found = (what: string, details?: object): Trace[] => [
    { where: 'Stripe', what, ...(details ? { details } : {}) },
  ];
  try {
    if (id.startsWith('evt_')) {
      const event = await withRateLimitRetry(() => client.events.retrieve(id));
      return found(
        `${event.type} of ${new Date(event.created * 1000).toISOString()}, ${event.pending_webhooks} deliveries pending`,
      );
    }
    if (id.startsWith('ch_')) {
      const charge = await withRateLimitRetry(() => client.charges.retrieve(id));
      return found(
        `charge ${charge.status}${charge.refunded ? ', refunded' : ''}, Stripe customer ${charge.customer ?? 'none'}`,
      );
    }
    if (id.startsWith('in_'))
      return found(`invoice ${(await withRateLimitRetry(() => client.invoices.retrieve(id))).status}`);
    if (id.startsWith('cus_')) {
      const customer = await withRateLimitRetry(() => client.customers.retrieve(id));
      return found(
        customer.deleted ? 'customer, deleted' : `customer, customer_key ${customer.metadata.customer_key ?? 'none'}`,
      );
    }
    return [];
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return found(`Stripe does not know ${id}`);
    throw error;
  }
}
