// The process of a function that is measured: invocations come over IPC, one after the other, and the answer says what they cost.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { handler } = await import(pathToFileURL(join(process.argv[2], 'index.mjs')).href);

process.on('message', async ({ id, invocations }) => {
  const results = [];
  const before = process.cpuUsage();
  const begin = performance.now();
  let thrown = 0;
  for (const event of invocations) {
    const deadline = Date.now() + 30_000;
    const context = {
      awsRequestId: 'bench',
      functionName: 'bench',
      getRemainingTimeInMillis: () => deadline - Date.now(),
    };
    try {
      results.push(await handler(event, context));
    } catch {
      thrown++;
      results.push(null);
    }
  }
  const { user, system } = process.cpuUsage(before);
  process.send({
    id,
    results,
    thrown,
    cpu: user + system,
    wall: performance.now() - begin,
    rss: process.resourceUsage().maxRSS * 1024,
  });
});
process.on('disconnect', () => process.exit(0));
process.send({ id: 'ready' });
