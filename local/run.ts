// The command line of `npm start`: flags, the first screen, one line an event, and a clean end.

import { parseArgs } from 'node:util';
import { InvalidSettingError, parseSettings } from '../contract/settings.js';
import type { ConsoleFactory } from './console-server.js';
import { eventLine } from './event-line.js';
import { type LocalStack, LocalStackError, type LocalStackOptions, startLocalStack } from './stack.js';

const STATE_FOLDER = '.local';

const HELP = `Runs the whole stack on this machine.

  npm start -- [flags]

  --port N                              where events are taken (default 4242; 0: any free port)
  --signing-secret whsec_…              a signing secret that is valid too; may be repeated
  --transaction-source charge|invoice   where transactions come from (default charge)
  --partial-refund delete|net           what a partial refund does (default delete)
  --livemode live|test|both             events of which mode are applied (default both)
  --disputes ignore|lost|open           which disputes take a payment back (default lost)
  --amount-basis paid|excluding_tax     whether an invoice counts with its tax (default paid; invoice mode only)
  --ephemeral                           keep nothing under ${STATE_FOLDER}/
  --stack-file PATH                     where to write what tools need (default ${STATE_FOLDER}/stack.json)
  --dynamodb URL, --sqs URL,            use these endpoints instead of the engines inside
  --secrets-manager URL
  --quiet                               no line for each event
`;

const FLAGS = {
  port: { type: 'string' },
  'signing-secret': { type: 'string', multiple: true },
  'transaction-source': { type: 'string' },
  'partial-refund': { type: 'string' },
  livemode: { type: 'string' },
  disputes: { type: 'string' },
  'amount-basis': { type: 'string' },
  ephemeral: { type: 'boolean' },
  'stack-file': { type: 'string' },
  dynamodb: { type: 'string' },
  sqs: { type: 'string' },
  'secrets-manager': { type: 'string' },
  quiet: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** Runs until it is told to stop. Ends the process: 0 after a clean stop, 1 where it could not start, 2 for wrong flags. */
export async function runLocalStack(args: readonly string[], console: ConsoleFactory): Promise<void> {
  let options: LocalStackOptions;
  let quiet: boolean;
  try {
    const { values } = parseArgs({ args: [...args], options: FLAGS });
    if (values.help) return void process.stdout.write(HELP);
    quiet = values.quiet ?? false;
    options = {
      settings: parseSettings({
        transactionSource: values['transaction-source'],
        partialRefund: values['partial-refund'],
        livemode: values.livemode,
        disputes: values.disputes,
        amountBasis: values['amount-basis'],
      }),
      port: parsePort(values.port ?? '4242'),
      ...(values.ephemeral ? {} : { stateFolder: STATE_FOLDER }),
      stackFile: values['stack-file'] ?? `${STATE_FOLDER}/stack.json`,
      signingSecrets: values['signing-secret'] ?? [],
      console,
      ...(values.dynamodb ? { dynamodb: values.dynamodb } : {}),
      ...(values.sqs ? { sqs: values.sqs } : {}),
      ...(values['secrets-manager'] ? { secretsManager: values['secrets-manager'] } : {}),
      onLine: (name, line) => {
        const text = eventLine(name, line, quiet);
        if (text) process.stdout.write(`${text}\n`);
      },
    };
  } catch (error) {
    return fail(2, `${(error as Error).message}\n\n${error instanceof InvalidSettingError ? '' : HELP}`);
  }

  let stack: LocalStack | undefined;
  let stopping = false;
  const stop = async () => {
    if (stopping) process.exit(1);
    stopping = true;
    if (!stack) return;
    process.stdout.write('\nStopping: no more events are taken, those in the queue are applied first.\n');
    const left = await stack.stop();
    if (left > 0) {
      process.stdout.write(
        options.stateFolder
          ? `${left} events could not be applied in time; they wait in ${STATE_FOLDER}/ for the next start.\n`
          : `${left} events could not be applied in time and are gone with this ephemeral stack.\n`,
      );
    }
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // A terminal or npm that dies takes its own children along, and not always its grandchildren.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event) setInterval(() => process.ppid === parent || stopping || stop(), 500).unref();

  try {
    stack = await startLocalStack(options);
  } catch (error) {
    return fail(1, error instanceof LocalStackError ? error.message : String((error as Error).stack ?? error));
  }
  if (stopping) {
    await stack.stop();
    process.exit(0);
  }
  process.stdout.write(firstScreen(stack, options));
}

function firstScreen({ file, recovered }: LocalStack, options: LocalStackOptions): string {
  const { settings } = options;
  return `
  Stripe Partner Sync is running on this machine.

  Console          ${file.consoleUrl}
  Webhook URL      ${file.webhookUrl}
  Signing secret   ${file.signingSecrets[0]}
  Tables           ${Object.values(file.tables).join(', ')} at ${file.dynamodbEndpoint}
  Settings         transactionSource ${settings.transactionSource} · partialRefund ${settings.partialRefund} · livemode ${settings.livemode} · disputes ${settings.disputes} · amountBasis ${settings.amountBasis}
  State            ${options.stateFolder ? `kept in ${options.stateFolder}/` : 'not kept (--ephemeral)'}
${recovered > 0 ? `\n  ${recovered} events of the last run were accepted and not yet applied: they are applied now.\n` : ''}
  Next: open the console in a browser, or in another terminal
    npm run demo                                            see it work, step by step
    stripe listen --forward-to ${file.webhookUrl}   your own test events; restart this with
                                                            --signing-secret whsec_… as \`stripe listen\` prints it
  Ctrl-C stops it and loses nothing.

`;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new Error(`--port is ${JSON.stringify(text)}; use a number from 0 to 65535`);
}

function fail(code: number, message: string): never {
  process.stderr.write(`${message.trimEnd()}\n`);
  process.exit(code);
}
