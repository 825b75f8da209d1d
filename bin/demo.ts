#!/usr/bin/env node
// `npm run demo`: sends a business's events and prints the rows they make.

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const { runDemo } = await import('../local/demo/run.js');
process.exit(await runDemo(process.argv.slice(2)));

export {};
