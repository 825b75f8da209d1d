// `disconnect`: deletes the webhook endpoint in Stripe.

import { onTarget, type Register } from '../command.js';
import { askForStripe } from '../prompt.js';
import { disconnect } from '../webhook-endpoint.js';

export const registerDisconnect: Register = (yargs) =>
  yargs.command(
    'disconnect',
    'delete the webhook endpoint in Stripe',
    (y) =>
      y
        .options({
          url: { type: 'string', describe: 'the webhook’s URL, if it is not the one in the stack’s outputs' },
        })
        .example('npx $0 disconnect --stage dev', 'before the stack is destroyed'),
    (argv) =>
      onTarget(argv, async (target, output) =>
        disconnect(await askForStripe(), { url: argv.url ?? target.webhookUrl }, output),
      ),
  );
