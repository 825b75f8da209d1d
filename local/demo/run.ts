// `npm run demo`: sends a business's events to the webhook. Each step prints the rows that it changed; the end lists what counts for
// which partner.

import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { SQSClient } from '@aws-sdk/client-sqs';
import { postSigned } from '../../cli/sample-events.js';
import { DEFAULT_SETTINGS, SETTING_NAMES } from '../../contract/settings.js';
import { DEFAULT_STACK_FILE, type StackFile } from '../../contract/stack-file.js';
import { CREDENTIALS } from '../aws.js';
import { countMessages } from '../count-messages.js';
import { eventMaker } from './events.js';
import { describeRow, openTables, type Row } from './rows.js';
import { say } from './say.js';
import { ownStack, runningStack } from './stack.js';
import type { Step } from './step.js';
import { type Chapter, CUSTOMERS, countedInTheEnd, story } from './story.js';
import { printCounted, printOwed } from './totals.js';

/** How long the rows of a step may take, in milliseconds. */
const PATIENCE = 20_000;

/** @returns the exit code: 0 if every step led to the expected rows */
export async function runDemo(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { 'stack-file': { type: 'string' } } });
  const running = await runningStack(values['stack-file'] ?? DEFAULT_STACK_FILE);
  say(
    running
      ? `Using the stack that is running at ${running.file.webhookUrl}`
      : 'No stack is running: starting one for this demo.',
  );
  const stack = running ?? (await ownStack());
  try {
    return (await tell(stack.file)) ? 0 : 1;
  } finally {
    await stack.stop();
  }
}

/** @returns whether every step led to the expected rows */
async function tell(stack: StackFile): Promise<boolean> {
  const { settings } = stack;
  const unusual = SETTING_NAMES.filter((name) => settings[name] !== DEFAULT_SETTINGS[name]);
  if (unusual.length > 0)
    say(`Its settings: ${unusual.map((name) => `${name} ${settings[name]}`).join(', ')}. The story follows them.`);
  say('');
  const stripe = eventMaker(settings, randomBytes(3).toString('hex'));
  const tables = openTables(stack);
  const transactions = [...CUSTOMERS, 'forged'].map(stripe.transaction);
  const read = () => tables.read(CUSTOMERS, transactions);
  let failures = 0;
  let before = await read();
  for (const chapter of story(settings, stripe)) {
    await send(stack, chapter);
    for (const step of chapter) {
      const rows = await waitFor(step, read);
      say(`• ${step.words}`);
      for (const line of changes(step, before, rows)) say(`    ${line}`);
      if (!isReached(step, rows)) {
        failures++;
        say('    ✘ these are not the expected rows');
      }
    }
    await settled(stack);
    before = await read();
  }
  if (!(await printCounted(tables, transactions, countedInTheEnd(settings)))) failures++;
  tables.close();
  await printOwed(stack);
  say(
    failures === 0
      ? '\nEvery step led to the expected rows.'
      : `\n${failures} steps did not lead to the expected rows.`,
  );
  return failures === 0;
}

async function send({ webhookUrl, signingSecrets }: StackFile, chapter: Chapter): Promise<void> {
  await Promise.all(
    chapter.map(async ({ events, forged = false }) => {
      for (const event of events) {
        const secret = forged ? 'whsec_forged' : signingSecrets[0]!;
        const { status } = await postSigned(webhookUrl, JSON.stringify(event), secret);
        if (status !== (forged ? 400 : 200)) throw new Error(`the webhook answered ${status} to ${event.id}`);
      }
    }),
  );
}

async function waitFor(step: Step, read: () => Promise<ReadonlyMap<string, Row>>): Promise<ReadonlyMap<string, Row>> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const rows = await read();
    if (isReached(step, rows) || Date.now() > end) return rows;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isReached({ rows: expected }: Step, rows: ReadonlyMap<string, Row>): boolean {
  return Object.entries(expected).every(([key, fields]) => {
    const row = rows.get(key);
    if (fields === null || row === undefined) return fields === null && row === undefined;
    return Object.entries(fields).every(([name, value]) => row[name] === value);
  });
}

/** The rows of a step that differ from before it, in words. */
function changes(step: Step, before: ReadonlyMap<string, Row>, rows: ReadonlyMap<string, Row>): string[] {
  const changed = Object.keys(step.rows).flatMap((key) => {
    const row = rows.get(key);
    return row && JSON.stringify(row) !== JSON.stringify(before.get(key)) ? [`${key}  ${describeRow(row)}`] : [];
  });
  return changed.length > 0 ? changed : ['no row changed'];
}

/** Waits until the queue is empty, so that an event that should change nothing has been applied. */
async function settled({ region, sqsEndpoint, queueUrl }: StackFile): Promise<void> {
  const sqs = new SQSClient({ region, endpoint: sqsEndpoint, credentials: CREDENTIALS });
  const end = Date.now() + PATIENCE;
  while ((await countMessages(sqs, queueUrl)) > 0 && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 50));
  sqs.destroy();
}
