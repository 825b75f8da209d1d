// One line for a person out of a function's log line: an event with its outcome.

import { attributedInWords, parseLogLine } from '../contract/log-line.js';
import { outcomeInWords } from '../contract/outcomes.js';
import { printable } from '../contract/printable.js';

/** Which reversal an event is about, and what an outcome then means. */
const REVERSALS: readonly [types: RegExp, words: Readonly<Record<string, string>>][] = [
  [
    /^refund\.failed$/,
    {
      recorded: 'recorded again: the refund failed',
      deleted: 'still deleted: this refund failed, but another one counts',
    },
  ],
  [
    /^(refund\.|charge\.refund)/,
    { recorded: 'recorded, less what was refunded', deleted: 'deleted: the payment is refunded' },
  ],
  [
    /^charge\.dispute\./,
    { recorded: 'recorded: the dispute takes nothing back', deleted: 'deleted: the payment is disputed' },
  ],
  [/^charge\.failed$/, { deleted: 'deleted: the payment failed' }],
  [/^charge\.expired$/, { deleted: 'deleted: the authorization expired' }],
];

/** As long as Stripe's IDs, so that the lines' outcomes are below each other. */
const ID_WIDTH = 27;

/** For these outcomes the line names the event, because a person will look for it. */
const NEEDS_EVENT_ID: readonly string[] = ['failed', 'not_understood'];

/**
 * @param quiet leave out what went well
 * @returns undefined for lines that are not shown: metrics, and events that were only queued
 */
export function eventLine(functionName: string, line: string, quiet: boolean): string | undefined {
  const log = parseLogLine(line);
  if (!log) return line.trim() === '' ? undefined : printable(`  ${functionName}: ${line}`);
  const { outcome, event_type = '', event_id = '', object_id = '' } = log;
  if (outcome === 'queued' || outcome === 'sent') return undefined;
  if (outcome === undefined) return log._aws ? undefined : printable(`  ${functionName}: ${line}`);
  if (quiet && (log.level ?? 'INFO') === 'INFO') return undefined;
  const attributed = attributedInWords(log.attributed);
  const reason = log.reason ? ` (${log.reason})` : '';
  const event = NEEDS_EVENT_ID.includes(outcome) && event_id ? `, event ${event_id}` : '';
  const time = (log.timestamp ?? '').slice(11, 19);
  const what = `${(event_type || log.detail_type || 'request').padEnd(26)} ${object_id.padEnd(ID_WIDTH)}`;
  return printable(`  ${time}  ${what} ${inWords(event_type, outcome)}${reason}${event}${attributed}`);
}

function inWords(eventType: string, outcome: string): string {
  const reversal = REVERSALS.find(([types]) => types.test(eventType));
  return reversal?.[1][outcome] ?? outcomeInWords(outcome);
}
