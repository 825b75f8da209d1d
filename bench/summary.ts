// The first page of docs/performance.md: three figures, three pictures, and what they mean.

import type { Result } from './measure.js';
import type { Pair } from './plot.js';

export interface Picture {
  /** The file is `bench-NAME.svg`. */
  readonly name: string;
  readonly title: string;
  readonly pairs: readonly Pair[];
}

interface Point {
  /** Markdown, in bold on the page. */
  readonly figure: string;
  readonly meaning: string;
  readonly picture: Picture;
}

export function summary(results: readonly Result[]): readonly Point[] {
  const find = (name: string) => {
    const found = results.find((each) => each.name === name);
    if (!found) throw new Error(`the file does not hold "${name}": run the whole benchmark`);
    return found;
  };
  return [bill(results, find), wait(results, find), growth(results)];
}

function bill(results: readonly Result[], find: (name: string) => Result): Point {
  const [webhook, bridge] = [find('a million events, in all'), find('a million events by EventBridge, in all')];
  const byAws = results
    .filter(({ name }) => /^a million events: (API Gateway|SQS|Lambda, requests)/.test(name))
    .reduce((sum, { ours }) => sum + ours, 0);
  return {
    figure: `A million events cost ${dollars(webhook.ours)}`,
    meaning: `${dollars(bridge.ours)} through EventBridge. The textbook's functions cost ${dollars(webhook.reference!)}. ${dollars(byAws)} of the bill are API Gateway, SQS and Lambda’s price for a request, which no code can lower; most of the rest is what is written to DynamoDB.`,
    picture: {
      name: 'cost',
      title: 'A million events, US$',
      pairs: pairsOf(results, /^a million events: (?!CloudWatch metrics)/, /^a million events: /),
    },
  };
}

function wait(results: readonly Result[], find: (name: string) => Result): Point {
  const seconds = (name: string) => `${(find(name).ours / 1000).toFixed(2)} s`;
  const of = (share: number, window: string) => seconds(`request to row, p${share}, 10 events/s, ${window}`);
  const pairs = results.flatMap(({ name, ours }) => {
    const [, share, rate] = /^request to row, (p\d+), (\d+) events\/s, a window of 2 s$/.exec(name) ?? [];
    if (!share) return [];
    const without = find(`request to row, ${share}, ${rate} events/s, no window`).ours;
    return [
      { label: `${share} at ${rate} events a second`, ours, reference: without, referenceName: 'without a window' },
    ];
  });
  return {
    figure: `A payment is in the tables ${of(50, 'a window of 2 s')} after Stripe sent it`,
    meaning: `That is the median at 10 events a second; of 100 payments 99 take at most ${of(99, 'a window of 2 s')}. Nearly all of it is the queue’s window of two seconds, in which events are gathered into batches, because a full batch costs less. \`batchWindow: 0\` turns it off: ${of(50, 'no window')}, and at most ${dollars(find('a million events in batches of 1, each event received alone').ours)} for a million events. Measured on one machine; on AWS the network adds some milliseconds a request.`,
    picture: { name: 'wait', title: 'From request to row, ms: with the window of 2 s, and without', pairs },
  };
}

function growth(results: readonly Result[]): Point {
  const [largest] = results.filter(({ name }) => name.startsWith('growth: requests')).slice(-1);
  if (!largest) throw new Error('the file says nothing about growth: run the whole benchmark');
  const cpu = results.find(({ name }) => name === largest.name.replace('requests an event', 'worker CPU an event'))!;
  return {
    figure: `An event costs ${largest.ratio!.toFixed(2)} times as many requests ${/at (.*)/.exec(largest.name)![0]} as with a thousand`,
    meaning: `CPU time: ${cpu.ratio!.toFixed(2)} times. Nothing that an event does searches a table, so the bill grows with the events, and not with the history.`,
    picture: {
      name: 'growth',
      title: 'Cost of an event as the tables grow',
      pairs: pairsOf(results, /^growth: /, /^growth: (?:worker )?/),
    },
  };
}

export function pairsOf(results: readonly Result[], pattern: RegExp, remove: RegExp): Pair[] {
  return results
    .filter(({ name, reference }) => pattern.test(name) && reference !== null)
    .map(({ name, ours, reference, referenceName }) => ({
      label: name.replace(remove, ''),
      ours,
      reference: reference!,
      referenceName: referenceName!,
    }));
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`;
}
