// What `npm start` prints once the stack accepts events.

import { listenCommand } from '../cli/listen-command.js';
import { SETTING_NAMES } from '../contract/settings.js';
import { DEFAULT_STACK_FILE } from '../contract/stack-file.js';
import type { LocalStackOptions } from './options.js';
import type { LocalStack } from './stack.js';

export function firstScreen(
  { file, recovered, hasChangeFeed, warning }: LocalStack,
  options: Omit<LocalStackOptions, 'onLine' | 'onNotice'>,
): string {
  const { settings, stateFolder, stackFile } = options;
  const named = stackFile === DEFAULT_STACK_FILE ? '' : ` -- --stack-file ${stackFile}`;
  return `
  Stripe Partner Sync is running on this machine.

  Console          ${file.consoleUrl}
  Webhook URL      ${file.webhookUrl}
  Signing secret   ${file.signingSecrets[0]}
  Tables           ${Object.values(file.tables).join(', ')} at ${file.dynamodbEndpoint}
  Settings         ${SETTING_NAMES.map((name) => `${name} ${settings[name]}`).join(' · ')}
  Change feed      ${hasChangeFeed ? `on: ${file.consoleUrl}change-feed` : 'off: this DynamoDB has no streams (use --dynamodb URL for one that does)'}
  State            ${stateFolder ? `kept in ${stateFolder}/` : 'not kept (--ephemeral)'}
${stackFile === DEFAULT_STACK_FILE ? '' : `  Stack file       ${stackFile} (pass it to the tools with --stack-file)\n`}${
  recovered > 0
    ? `\n  ${recovered} events of the last run were accepted and not yet applied: they are applied now.\n`
    : ''
}${warning ? `\n  ${warning}\n` : ''}
  Next: open the console in a browser, or in another terminal
    npm run demo${named}
      see it work, step by step
    ${listenCommand(file.webhookUrl, settings)}
      forward your own test events, then restart with the --signing-secret that \`stripe listen\` prints
  Ctrl-C stops it and loses nothing.

`;
}
