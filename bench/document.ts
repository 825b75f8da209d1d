// `npm run bench:document -- FILE …`: docs/performance.md and its plots, from what `npm run bench -- --json FILE` wrote.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../lib/package-root.js';
import { barPlot } from './plot.js';
import { readResults } from './results-file.js';
import { type Picture, pairsOf, summary } from './summary.js';

const { machine, results } = readResults('bench:document');
const docs = join(packageRoot, 'docs');
const prices = JSON.parse(readFileSync(join(packageRoot, 'bench', 'prices.json'), 'utf8'));
mkdirSync(join(docs, 'images'), { recursive: true });

const number = (value: number | null) =>
  value === null
    ? ''
    : value === 0
      ? '0'
      : value < 10
        ? value.toFixed(2)
        : value < 100
          ? value.toFixed(1)
          : value.toFixed(0);
const lines = results.map((each) =>
  [
    each.name,
    `${number(each.ours)} ${each.unit}`,
    each.reference === null ? '' : `${number(each.reference)} (${each.referenceName})`,
    each.ratio === null || !Number.isFinite(each.ratio) ? '' : number(each.ratio),
    each.goal ?? '',
    each.met === null ? '' : each.met ? 'met' : '**not met**',
  ].join(' | '),
);

const points = summary(results);
const details: Picture[] = [
  {
    name: 'cold-start',
    title: 'Cold start, ms',
    pairs: pairsOf(results, /^(ingest|worker) cold start vs\. the textbook$/, / vs\. the textbook/),
  },
  {
    name: 'cpu',
    title: 'CPU an event, ms',
    pairs: pairsOf(results, /^(worker CPU an event, batches of \d+|ingest CPU an event, warm)$/, / an event/),
  },
  {
    name: 'dynamodb',
    title: 'DynamoDB, an event',
    pairs: pairsOf(results, /^(DynamoDB requests an event|write units an event)/, / an event/),
  },
];
for (const { name, title, pairs } of [...points.map(({ picture }) => picture), ...details])
  writeFileSync(join(docs, 'images', `bench-${name}.svg`), barPlot(title, pairs));
const wrapped = (text: string) => text.replaceAll(/(.{1,130})(?: |$)/g, '$1\n').trimEnd();
const image = ({ name, title }: Picture) => `![${title}](images/bench-${name}.svg)`;

const missed = results.filter(({ met }) => met === false);
const notes = JSON.parse(readFileSync(join(packageRoot, 'bench', 'notes.json'), 'utf8')) as Record<string, string>;
const explained = missed.map(({ name }) => {
  const note = Object.entries(notes).find(([start]) => name.startsWith(start));
  return `- **${name}**: ${note?.[1] ?? 'not explained; within what this machine’s noise does, or a regression.'}`;
});
writeFileSync(
  join(docs, 'performance.md'),
  `# Performance

Made by \`npm run bench:document\` from what \`npm run bench -- --json FILE\` measured; nothing here is typed by hand. ${machine.date.slice(0, 10)},
Node ${machine.node.slice(1)}, ${machine.cpus} cores, ${(machine.memory / 2 ** 30).toFixed(0)} GiB. Machines differ: what counts is the ratio, because both sides ran in turns in one run.

${points.map(({ figure, meaning, picture }) => `${wrapped(`**${figure}.** ${meaning}`)}\n\n${image(picture)}`).join('\n\n')}

## Every figure

The textbook (\`bench/textbook/\`) is what a good engineer writes in a week from the official guides: all of \`stripe\`, Powertools'
batch processor and idempotency on DynamoDB, then GetItem, decide, PutItem, one event at a time.

${details.map(image).join('\n\n')}

| what | ours | reference | ratio | goal | |
|---|---|---|---|---|---|
${lines.map((line) => `| ${line} |`).join('\n')}

${missed.length === 0 ? 'Every goal is met.' : `## Goals that are not met, and why\n\n${explained.join('\n')}`}

## How it is measured

- **Node**: the version above. Lambda runs the functions with Node 24, and an older version takes more CPU time for the same work.
- **Cold start**: the minified bundle loaded in a fresh Node process, less an empty process started just before; the median of
  alternating pairs.
- **CPU**: of the function's own process, warm, engines in other processes; ours and the reference alternate.
- **Requests and units**: counted at the wire, by a proxy that reads each item before and after it is written. Amazon's DynamoDB Local
  counts the same (\`npm run bench:guard -- --dynamodb URL\`).
- **Growth**: a process that works on a small table and one that works on a growing one get the same events in turns, so that whatever
  else the machine does slows down both.
- **Backlog**: the worker gets batches of 100, one after the other, as Lambda's pollers hand them over. For AWS the duration of a batch is
  computed from its CPU time at the share of a core that 256 MB get, and from its requests that wait for one another, at
  ${prices.assumed.roundTripMilliseconds} ms each. [limits.md](limits.md) says what follows for \`workerConcurrency\`.
- **End to end and latency**: the local stack as \`npm start\` runs it, from HTTP to the worker's word that an event is applied, without the first and
  last twentieth. The sender and all processes share the machine's cores. Bursts of events and the engine alone take turns; the
  round with the median ratio counts.
- **Console**: from the request to the end of the page, once in each of several starts of the local stack, because a console keeps
  a list that took long to make; the console's code is loaded before.
- **Cost**: the figures above at the prices in [bench/prices.json](../bench/prices.json), with what it assumes; a full batch of 100, as in a
  billing run, and beside it the most that small batches cost. IDs are as long as Stripe's. Lambda logs nothing about an invocation that
  succeeds at the [system log level WARN](https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html), and does not
  wrap lines that are JSON; the access log's line is made from the template's format. What is stored (rows, logs) comes on top.
- **Memory**: the largest resident set of the function's process; a goal of two thirds of its 256 MB.

\`npm run bench -- --quick\` takes less than a minute and a half and warms up too little for the CPU figures to be those of a long run.
`,
);
process.stdout.write('docs/performance.md is written.\n');
