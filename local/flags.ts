// The flags of `npm start`.

import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { InvalidSettingError, parseSettings } from '../contract/settings.js';
import { DEFAULT_STACK_FILE } from '../contract/stack-file.js';
import type { LocalStackOptions } from './options.js';

export const STATE_FOLDER = '.local';

export const HELP = `Runs the whole stack on this machine.

  npm start -- [flags]

  --port N                              the port of the webhook (default 4242; 0: any free port)
  --signing-secret whsec_…              an additional valid signing secret; repeatable
  --transaction-source charge|invoice   where transactions come from (default charge)
  --partial-refund delete|net           what a partial refund does (default delete)
  --livemode live|test|both             which mode's events are applied (default both)
  --disputes ignore|lost|open           which disputes take a payment back (default lost)
  --amount-basis paid|excluding_tax     whether an invoice counts with its tax (default paid; invoice mode only)
  --batch-window SECONDS                how long the worker's batches are gathered (default 2; 0: not at all)
  --rewards FILE                        the rewards rules file, for the console's Partners page
  --ephemeral                           keep nothing under ${STATE_FOLDER}/
  --stack-file PATH                     where to write what tools need (default ${DEFAULT_STACK_FILE};
                                        with --ephemeral a temporary file)
  --dynamodb URL, --sqs URL,            use these endpoints instead of the emulators that come with the stack
  --secrets-manager URL
  --quiet                               print only what fails, not a line for each event

STRIPE_API_KEY in the environment makes the stack accept thin events, whose snapshot events it fetches from Stripe.
`;

const FLAGS = {
  port: { type: 'string' },
  'signing-secret': { type: 'string', multiple: true },
  'transaction-source': { type: 'string' },
  'partial-refund': { type: 'string' },
  livemode: { type: 'string' },
  disputes: { type: 'string' },
  'amount-basis': { type: 'string' },
  'batch-window': { type: 'string' },
  rewards: { type: 'string' },
  ephemeral: { type: 'boolean' },
  'stack-file': { type: 'string' },
  dynamodb: { type: 'string' },
  sqs: { type: 'string' },
  'secrets-manager': { type: 'string' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export type Flags = Omit<LocalStackOptions, 'onLine' | 'onNotice' | 'console'> & { readonly quiet: boolean };

/** A flag is unknown, or has a value that it cannot have. */
export class InvalidFlagError extends Error {
  override readonly name = 'InvalidFlagError';
}

/**
 * @returns undefined if only help is asked for
 * @throws {InvalidFlagError}
 */
export function parseFlags(args: readonly string[], temporaryStackFile: () => string): Flags | undefined {
  try {
    const { values } = parseArgs({ args: [...args], options: FLAGS });
    if (values.help) return undefined;
    const { rewards, dynamodb, sqs, ephemeral = false, quiet = false } = values;
    const secretsManager = values['secrets-manager'];
    return {
      settings: parseSettings({
        transactionSource: values['transaction-source'],
        partialRefund: values['partial-refund'],
        livemode: values.livemode,
        disputes: values.disputes,
        amountBasis: values['amount-basis'],
      }),
      port: parsePort(values.port ?? '4242'),
      ...(values['batch-window'] === undefined ? {} : { batchWindow: parseWindow(values['batch-window']) }),
      ...(ephemeral ? {} : { stateFolder: STATE_FOLDER }),
      // An ephemeral stack must not take the place of one that keeps its state.
      stackFile: values['stack-file'] ?? (ephemeral ? temporaryStackFile() : DEFAULT_STACK_FILE),
      signingSecrets: values['signing-secret'] ?? [],
      ...(process.env.STRIPE_API_KEY ? { stripeApiKey: process.env.STRIPE_API_KEY } : {}),
      ...(rewards ? { rewardsFile: resolve(rewards) } : {}),
      ...(dynamodb ? { dynamodb } : {}),
      ...(sqs ? { sqs } : {}),
      ...(secretsManager ? { secretsManager } : {}),
      quiet,
    };
  } catch (error) {
    const help = error instanceof InvalidSettingError ? '' : `\n\n${HELP}`;
    throw new InvalidFlagError(`${(error as Error).message}${help}`);
  }
}

function parseWindow(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && Number.isInteger(seconds) && seconds >= 0 && seconds <= 300) return seconds;
  throw new Error(`--batch-window is ${JSON.stringify(text)}; use a number of seconds from 0 to 300`);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (text.trim() !== '' && Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new Error(`--port is ${JSON.stringify(text)}; use a number from 0 to 65535`);
}
