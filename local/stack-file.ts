// The stack file belongs to the stack that wrote it: no other stack overwrites it while that one runs, or removes it.

import { existsSync, rmSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { readStackFile, type StackFile, writeStackFile } from '../contract/stack-file.js';
import { REGION } from './aws.js';
import { LocalStackError } from './error.js';
import type { LocalStackOptions } from './options.js';
import type { Services } from './services.js';
import { resolve } from './template.js';

/** If the disk is full, the file is written again after this many milliseconds. */
const RETRY_DELAY = 1000;

/**
 * Makes sure that no running stack owns the file, and removes one that a killed stack left behind.
 *
 * @throws {LocalStackError} if the stack that wrote it still answers
 */
export async function claimStackFile(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const webhookUrl = webhookUrlIn(path);
  if (webhookUrl !== undefined && (await answers(webhookUrl))) {
    throw new LocalStackError(
      `${path} belongs to the local stack at ${webhookUrl}, which is running: stop it, or start this one with --ephemeral or another --stack-file`,
    );
  }
  rmSync(path, { force: true });
}

export interface OwnStackFile {
  /** Never throws; what could not be written is written later. */
  write(content: StackFile): void;
  /** Removes the file, unless another stack has written it since. */
  remove(): void;
}

export function ownStackFile(path: string): OwnStackFile {
  let written: StackFile | undefined;
  let retry: NodeJS.Timeout | undefined;
  const write = (content: StackFile) => {
    clearTimeout(retry);
    try {
      writeStackFile(path, content);
      written = content;
    } catch (error) {
      // Without the first one the stack cannot be found.
      if (written === undefined) throw error;
      retry = setTimeout(() => write(content), RETRY_DELAY).unref();
    }
  };
  return {
    write,
    remove() {
      clearTimeout(retry);
      if (written !== undefined && webhookUrlIn(path) === written.webhookUrl) rmSync(path, { force: true });
    },
  };
}

function webhookUrlIn(path: string): string | undefined {
  try {
    return String(readStackFile(path).webhookUrl);
  } catch {
    return undefined;
  }
}

function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(2000) }).then(
    () => true,
    () => false,
  );
}

/** The content of the stack file. @param pids of the functions, by name */
export function describeStack(
  { settings, stateFolder, rewardsFile }: LocalStackOptions,
  { template, resources, aws, secrets, secretsManagerEndpoint }: Services,
  urls: Pick<StackFile, 'webhookUrl' | 'consoleUrl'>,
  pids: Readonly<Record<string, number>>,
): StackFile {
  const output = (name: string) => String(resolve(template.Outputs?.[name]?.Value, resources));
  return {
    ...urls,
    signingSecrets: secrets.list(),
    region: REGION,
    dynamodbEndpoint: aws.dynamodbEndpoint,
    sqsEndpoint: aws.sqsEndpoint,
    queueUrl: output('QueueUrl'),
    deadLetterQueueUrl: output('DeadLetterQueueUrl'),
    tables: {
      customers: output('CustomersTable'),
      transactions: output('TransactionsTable'),
      links: output('LinksTable'),
      statements: output('StatementsTable'),
    },
    pids,
    settings,
    secretsManagerEndpoint,
    signingSecretArn: output('SigningSecretArn'),
    logFile: stateFolder ? resolvePath(logFileIn(stateFolder)) : null,
    ...(rewardsFile ? { rewardsFile } : {}),
  };
}

/** The file of the functions' log lines. */
export function logFileIn(stateFolder: string): string {
  return join(stateFolder, 'functions.log');
}
