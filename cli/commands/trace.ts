// `trace ID`: everything that is known about an event, charge, invoice, Stripe customer or customer key, in time order.

import { printable } from '../../contract/printable.js';
import { stripeClient } from '../../functions/stripe/client.js';
import { onTarget, type Register } from '../command.js';
import {
  inOrder,
  stripeCustomerOf,
  type Trace,
  traceDeadLetters,
  traceLinks,
  traceLogs,
  traceStripe,
  traceTables,
} from '../trace-sources.js';

export const registerTrace: Register = (yargs) =>
  yargs.command(
    'trace <id>',
    'print what happened to an event, charge, invoice, Stripe customer or customer_key',
    (y) =>
      y
        .positional('id', {
          type: 'string',
          demandOption: true,
          describe: 'evt_…, ch_…, in_…, cus_… or a customer_key',
        })
        .example('npx $0 trace ch_3PkXyz --stage prod', 'where is this payment?')
        .epilogue('Asks Stripe too if STRIPE_API_KEY is set.'),
    (argv) =>
      onTarget(argv, async (target, output) => {
        const { id } = argv;
        const traces = [...(await traceTables(target, id)), ...(await traceLinks(target, id))];
        for (const name of [id, ...(await stripeCustomerOf(target, id))])
          traces.push(...(await traceLogs(target, name)), ...(await traceDeadLetters(target, name)));
        const key = process.env.STRIPE_API_KEY;
        if (key) traces.push(...(await traceStripe(await stripeClient(key), id)));
        for (const trace of inOrder(traces)) output.item(trace, lineOf(trace));
        if (traces.length > 0) return;
        output.say(`Nothing is known about ${id}: it was never received, or its log lines have expired.`);
        output.data({ id, found: false });
        process.exitCode = 1;
      }),
  );

function lineOf({ at, where, what }: Trace): string {
  const when = at === undefined ? 'now' : at.replace('T', ' ').slice(0, 19);
  return `${when.padEnd(19)}  ${where.padEnd(12)}  ${printable(what)}`;
}
