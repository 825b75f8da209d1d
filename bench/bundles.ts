// Every function that is measured, bundled like the stack's functions.

import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle, ONLY_WHAT_LAMBDA_USES } from '../lib/bundling/bundle.js';
import { packageRoot } from '../lib/package-root.js';

const ENTRIES = {
  ingest: 'functions/ingest/handler.ts',
  worker: 'functions/worker/handler.ts',
  textbookIngest: 'bench/textbook/ingest.ts',
  textbookWorker: 'bench/textbook/worker.ts',
  sqsClient: 'bench/baseline/send-message.ts',
  documentClient: 'bench/baseline/document-client.ts',
} as const;

export type BundleName = keyof typeof ENTRIES;

export interface Bundles {
  /** The folder of a bundle: it holds `index.mjs`. */
  folder(name: BundleName | 'empty'): string;
  /** Bytes of minified code, without the source map. */
  bytes(name: BundleName): number;
  remove(): void;
}

export async function buildBundles(): Promise<Bundles> {
  const root = mkdtempSync(join(tmpdir(), 'bench-'));
  const folder = (name: string) => join(root, name);
  mkdirSync(folder('empty'));
  writeFileSync(join(folder('empty'), 'index.mjs'), '');
  await Promise.all(
    Object.entries(ENTRIES).map(([name, entry]) =>
      bundle(join(packageRoot, entry), folder(name), entry.startsWith('functions/') ? ONLY_WHAT_LAMBDA_USES : {}),
    ),
  );
  return {
    folder,
    bytes: (name) => statSync(join(folder(name), 'index.mjs')).size,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
