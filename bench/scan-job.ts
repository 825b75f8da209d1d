// One reading of `bench/scan.ts`, in a separate process: prints its time and its peak memory.

import { existsSync, readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { owedLines } from '../cli/owed-lines.js';
import { readReport } from '../cli/report-lines.js';
import { keepHeapSmall } from '../cli/small-heap.js';
import { scanInParallel } from '../reader/scan.js';
import { parseRules } from '../rewards/parse-rules.js';

export type Reading = 'bare scan' | 'report' | 'owed' | 'owed by history';

export interface ScanJob {
  readonly reading: Reading;
  readonly endpoint: string;
  readonly tables: { readonly customers: string; readonly transactions: string };
  readonly segments: number;
}

const { reading, endpoint, tables, segments }: ScanJob = JSON.parse(process.argv[2]!);
// However many segments there are, four requests are sent in parallel: DynamoDB Local answers one after the other, and closes connections that wait too long.
const raw = new DynamoDBClient({ endpoint, requestHandler: { httpAgent: { maxSockets: 4 } } });
const dynamodb = DynamoDBDocumentClient.from(raw);
const target = {
  dynamodb,
  tables: { ...tables, links: '', statements: '' },
  settings: { livemode: 'both' as const },
};
const RULES = parseRules('[{ "products": ["product-1"], "percent": "30" }, { "percent": "12.5" }]');
const BY_HISTORY = parseRules(
  '[{ "payments": 3, "percent": "30", "maxPerCustomer": { "usd": 5000 } }, { "percent": "12.5" }]',
);

const READ: Readonly<Record<Reading, () => Promise<unknown>>> = {
  async 'bare scan'() {
    for (const TableName of [tables.customers, tables.transactions])
      await scanInParallel(dynamodb, { TableName, segments }, () => {});
  },
  report: () => readReport(target, { by: ['partner', 'product', 'month'], concurrency: segments }),
  owed: () => owed(RULES),
  'owed by history': () => owed(BY_HISTORY),
};

function owed(rules: typeof RULES) {
  return owedLines(target, { rules, by: ['partner', 'month'], asOf: '2026-12-31', concurrency: segments });
}

// As the commands do; the bare scan runs as Node starts.
if (reading !== 'bare scan') keepHeapSmall();
const began = performance.now();
await READ[reading]();
const seconds = (performance.now() - began) / 1000;
process.stdout.write(JSON.stringify({ seconds, megabytes: mostMegabytes() }));

/** On Linux `maxRSS` includes memory from before the process became Node; `VmHWM` does not. */
function mostMegabytes(): number {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS;
  return Math.round(Number(kilobytes) / 1024);
}
