// `disconnect`: deletes the webhook endpoint in Stripe, or the EventBridge destination.

import { onTarget, type Register } from '../command.js';
import { disconnectEventBridge } from '../event-destination.js';
import { askForStripe } from '../prompt.js';
import { disconnect } from '../webhook-endpoint.js';
import { destinationOf, EVENT_BRIDGE_OPTIONS } from './connect.js';

export const registerDisconnect: Register = (yargs) =>
  yargs.command(
    'disconnect',
    'delete the webhook endpoint in Stripe, or the EventBridge destination',
    (y) =>
      y
        .options({
          url: { type: 'string', describe: 'the webhook’s URL, if it is not the one in the stack’s outputs' },
          ...EVENT_BRIDGE_OPTIONS,
        })
        .example('npx $0 disconnect --stage dev', 'before the stack is destroyed'),
    (argv) =>
      onTarget(argv, async (target, output) =>
        argv.eventBridge
          ? disconnectEventBridge(await askForStripe(), destinationOf(target, argv), output)
          : disconnect(await askForStripe(), { url: argv.url ?? target.webhookUrl }, output),
      ),
  );
