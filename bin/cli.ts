// `npx stripe-partner-sync <command>`: the operators' tools.

process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const { runCli } = await import('../cli/cli.js');
await runCli(process.argv.slice(2));

export {};
