// DynamoDB on this machine: dynalite, in memory or on disk.

import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';

const require = createRequire(import.meta.url);

/** @returns the endpoint. @param port 0: any free one @param folder of the tables; without it they are in memory */
export async function startDynamodb(port: number, folder: string | undefined): Promise<string> {
  if (folder) {
    readOnThisThread();
    // dynalite opens its store without waiting for it: an unreadable or busy one is noticed here, before anything is promised.
    const { Level } = require('level');
    const probe = new Level(folder);
    await probe.open();
    await probe.close();
  }
  const server = require('dynalite')({
    ...(folder ? { path: folder } : {}),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The binding of LevelDB hands each read to another thread and back, which takes longer than the read: docs/decisions/local-emulators.md. */
function readOnThisThread() {
  const { Level } = require('level');
  Level.prototype._get = async function (key: unknown, options: unknown) {
    return this._getSync(key, options);
  };
}
