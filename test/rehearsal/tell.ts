// The process of the rehearsal’s story: its environment names the AWS that it works on.

import { rehearse } from './story.js';

const [programs, project, scratch, webhookPrefix] = process.argv.slice(2) as [string, string, string, string];
await rehearse({
  programs,
  project,
  scratch,
  webhook(url) {
    const { hostname, pathname } = new URL(url);
    return `${webhookPrefix}/${hostname.split('.')[0]}/$default${pathname}`;
  },
}).catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
