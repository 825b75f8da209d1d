// `connect`: creates or updates the webhook endpoint in Stripe, or the destination that puts events on an EventBridge bus.

import { type GlobalOptions, onTarget, type Register } from '../command.js';
import { busOf, connectEventBridge, type Destination } from '../event-destination.js';
import { createOutput } from '../output.js';
import { askForStripe } from '../prompt.js';
import { namesAStack, settingsOf, type Target } from '../target.js';
import { connect } from '../webhook-endpoint.js';

export const EVENT_BRIDGE_OPTIONS = {
  'event-bridge': { type: 'boolean', default: false, describe: 'the Amazon EventBridge destination, not the webhook' },
  'aws-account': { type: 'string', describe: 'with --event-bridge: the AWS account, if it is not the stack’s' },
  'aws-region': { type: 'string', describe: 'with --event-bridge: the AWS region, if it is not the stack’s' },
} as const;

interface ConnectOptions extends GlobalOptions {
  readonly dryRun: boolean;
  readonly awsAccount: string | undefined;
  readonly awsRegion: string | undefined;
}

export const registerConnect: Register = (yargs) =>
  yargs.command(
    'connect',
    'create or update the webhook endpoint in Stripe, or the EventBridge destination',
    (y) =>
      y
        .options({
          'dry-run': { type: 'boolean', default: false, describe: 'only print what would change' },
          url: { type: 'string', describe: 'the webhook’s URL, if it is not the one in the stack’s outputs' },
          ...EVENT_BRIDGE_OPTIONS,
        })
        .example('npx $0 connect --stage prod --dry-run', 'what would change')
        .example('npx $0 connect --stage prod', 'change it')
        .example('npx $0 connect --stage prod --event-bridge', 'deliver to an EventBridge bus'),
    (argv) => {
      if (argv.eventBridge) return connectToBus(argv);
      return onTarget(argv, async (target, output) =>
        connect(await askForStripe(), target, { dryRun: argv.dryRun, url: argv.url ?? target.webhookUrl }, output),
      );
    },
  );

export function destinationOf(
  { name, settings, queueUrl, eventBridge }: Target,
  { awsAccount, awsRegion }: Pick<ConnectOptions, 'awsAccount' | 'awsRegion'>,
): Destination {
  return { name, settings, source: eventBridge?.source, bus: busOf(queueUrl, awsAccount, awsRegion) };
}

/** The destination may come before the stack, which needs the name of its event source. */
async function connectToBus(argv: ConnectOptions): Promise<void> {
  const { dryRun, awsAccount, awsRegion } = argv;
  if (!namesAStack(argv)) {
    const settings = settingsOf(argv.settings ?? '');
    const destination = { name: '', settings, bus: busOf('', awsAccount, awsRegion) };
    return connectEventBridge(await askForStripe(), destination, { dryRun }, createOutput(argv.json ?? false));
  }
  return onTarget(argv, async (target, output) =>
    connectEventBridge(await askForStripe(), destinationOf(target, argv), { dryRun }, output),
  );
}
