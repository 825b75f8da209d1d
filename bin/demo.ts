#!/usr/bin/env node
// `npm run demo`: a story told through the webhook and the tables.

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const { runDemo } = await import('../local/demo/run.js');
process.exit(await runDemo(process.argv.slice(2)));

export {};
