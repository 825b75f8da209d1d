// `connect`: creates or updates the webhook endpoint in Stripe.

import { onTarget, type Register } from '../command.js';
import { askForStripe } from '../prompt.js';
import { connect } from '../webhook-endpoint.js';

export const registerConnect: Register = (yargs) =>
  yargs.command(
    'connect',
    'create or update the webhook endpoint in Stripe',
    (y) =>
      y
        .options({
          'dry-run': { type: 'boolean', default: false, describe: 'only print what would change' },
          url: { type: 'string', describe: 'the webhook’s URL, if it is not the one in the stack’s outputs' },
        })
        .example('npx $0 connect --stage prod --dry-run', 'what would change')
        .example('npx $0 connect --stage prod', 'change it'),
    (argv) =>
      onTarget(argv, async (target, output) =>
        connect(await askForStripe(), target, { dryRun: argv.dryRun, url: argv.url ?? target.webhookUrl }, output),
      ),
  );
