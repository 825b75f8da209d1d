// `npm run upgrades:record`: keeps the state folder of this version, small, with the events that made it. Done once for a release.

import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '..', '..');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const kept = join(HERE, version);
const examples = join(HERE, '..', 'examples');
// The examples of charge mode with the default settings, each with separate customers and charges.
const events = readdirSync(examples).flatMap((file, i) => {
  const { settings, events: history } = JSON.parse(readFileSync(join(examples, file), 'utf8'));
  if (settings.transactionSource !== 'charge' || settings.partialRefund !== 'delete') return [];
  const own = (text) => text.replaceAll(/"(cus|ch|pi|in|evt)_/g, `"$1_${i}_`);
  return JSON.parse(own(JSON.stringify(history)));
});

const folder = mkdtempSync(join(tmpdir(), 'upgrade-'));
const stackFile = join(folder, 'stack.json');
const child = spawn(
  process.execPath,
  [join(ROOT, 'bin', 'start.js'), '--port', '0', '--quiet', '--stack-file', stackFile],
  { cwd: folder, stdio: 'inherit' },
);
const ended = new Promise((resolve) => child.once('exit', resolve));
while (!existsSync(stackFile)) await new Promise((resolve) => setTimeout(resolve, 50));
const { webhookUrl, signingSecrets } = JSON.parse(readFileSync(stackFile, 'utf8'));
for (const event of events) {
  const body = JSON.stringify(event);
  const t = Math.floor(Date.now() / 1000);
  const v1 = createHmac('sha256', signingSecrets[0]).update(`${t}.${body}`).digest('hex');
  const headers = { 'content-type': 'application/json', 'stripe-signature': `t=${t},v1=${v1}` };
  const { status } = await fetch(webhookUrl, { method: 'POST', body, headers });
  if (status !== 200) throw new Error(`the webhook answered ${status}`);
}
child.kill('SIGTERM');
await ended;
rmSync(kept, { recursive: true, force: true });
cpSync(join(folder, '.local'), join(kept, 'state'), { recursive: true });
for (const name of ['stack.json', 'functions.log', 'signing-secrets.json'])
  rmSync(join(kept, 'state', name), { force: true });
for (const name of ['LOCK', 'LOG', 'LOG.old']) rmSync(join(kept, 'state', 'dynamodb', name), { force: true });
writeFileSync(join(kept, 'events.json'), `${JSON.stringify(events)}\n`);
rmSync(folder, { recursive: true, force: true });
