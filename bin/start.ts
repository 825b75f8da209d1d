#!/usr/bin/env node
// `npm start`: the whole stack on this machine.

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const { runLocalStack } = await import('../local/run.js');
await runLocalStack(process.argv.slice(2), (context) =>
  import('../console/console.js').then(({ createConsole }) => createConsole(context)),
);

export {};
