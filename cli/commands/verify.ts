// `verify`: checks a stack from outside, with its own signed events.

import { onTarget, type Register } from '../command.js';
import { positiveNumber } from '../dates.js';
import { verify } from '../verify.js';

export const registerVerify: Register = (yargs) =>
  yargs.command(
    'verify',
    'send signed test events and follow them into the tables',
    (y) =>
      y
        .options({
          url: { type: 'string', describe: 'the webhook’s URL, if it is not the one in the stack’s outputs' },
          deadline: { type: 'number', default: 60, describe: 'seconds to wait for each row' },
        })
        .example('npx $0 verify --local', 'does everything work on this machine?')
        .example('npx $0 verify --stage prod --json', 'after a deployment, in a pipeline'),
    (argv) =>
      onTarget(argv, async (target, output) => {
        const deadline = positiveNumber('deadline', argv.deadline);
        const interrupted = new AbortController();
        const stop = () => {
          if (interrupted.signal.aborted) process.exit(1);
          interrupted.abort();
          process.stderr.write('\nStopping: removing the rows that were made. Press Ctrl-C again to leave them.\n');
        };
        process.on('SIGINT', stop).on('SIGTERM', stop);
        try {
          const options = { deadline, signal: interrupted.signal, ...(argv.url ? { url: argv.url } : {}) };
          const checks = await verify(target, options, output);
          const failed = checks.filter(({ ok }) => !ok).length;
          output.say(
            failed === 0
              ? `\nAll ${checks.length} checks passed.`
              : `\n${failed} of ${checks.length} checks did not pass.`,
          );
          if (failed > 0) process.exitCode = 1;
        } finally {
          process.off('SIGINT', stop).off('SIGTERM', stop);
        }
      }),
  );
