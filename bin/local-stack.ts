// The local stack with its console. `npm start` bundles and runs this file (bin/start.js).

import { runLocalStack } from '../local/run.js';

runLocalStack(process.argv.slice(2), (context) =>
  import('../console/console.js').then(({ createConsole }) => createConsole(context)),
);
