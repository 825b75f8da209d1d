// How long a bundle takes to load in a new process, minus the time of an empty bundle.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { BundleName, Bundles } from './bundles.js';
import { median, type Result, result } from './measure.js';

const ENVIRONMENT = {
  PATH: process.env.PATH,
  AWS_REGION: 'us-east-1',
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  QUEUE_URL: 'http://127.0.0.1/queue',
  SIGNING_SECRET_ARN: 'arn',
  CUSTOMERS_TABLE: 'customers',
  TRANSACTIONS_TABLE: 'transactions',
  LINKS_TABLE: 'links',
  DEAD_LETTER_QUEUE_URL: 'http://127.0.0.1:1/dead-letters',
  IDEMPOTENCY_TABLE: 'idempotency',
  POWERTOOLS_METRICS_NAMESPACE: 'StripePartnerSync',
  POWERTOOLS_SERVICE_NAME: 'bench',
};

function load(folder: string): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, [join(folder, 'index.mjs')], { env: ENVIRONMENT, stdio: 'ignore' });
  return new Promise((resolve, reject) =>
    child.once('exit', (code) =>
      code === 0 ? resolve(performance.now() - begin) : reject(new Error(`${folder} does not load`)),
    ),
  );
}

export async function coldStarts(bundles: Bundles, pairs: number): Promise<Result[]> {
  const names = ['ingest', 'worker', 'textbookIngest', 'textbookWorker', 'sqsClient', 'documentClient'] as const;
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<BundleName, number[]>;
  for (let i = 0; i < pairs; i++) {
    for (const name of names) {
      const empty = await load(bundles.folder('empty'));
      times[name].push((await load(bundles.folder(name))) - empty);
    }
  }
  const of = (name: BundleName) => median(times[name]);
  const compare = (name: string, ours: BundleName, reference: BundleName, referenceName: string, value: number) =>
    result({
      name,
      unit: 'ms',
      ours: of(ours),
      reference: of(reference),
      referenceName,
      goal: { bound: '<=', value },
    });
  return [
    compare('ingest cold start vs. the SQS client', 'ingest', 'sqsClient', 'the SQS client alone', 1.2),
    compare('ingest cold start vs. the textbook', 'ingest', 'textbookIngest', 'textbook', 0.85),
    compare('worker cold start vs. the clients', 'worker', 'documentClient', 'the clients alone', 1.2),
    compare('worker cold start vs. the textbook', 'worker', 'textbookWorker', 'textbook', 0.85),
  ];
}
