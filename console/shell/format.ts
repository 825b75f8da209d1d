// Values as a person reads them: money, dates, links, and text from outside.

import { formatMoney } from '../../contract/money.js';

/** Minor units as `20,000.00 USD`. */
export function money(amount: number, currency: string): string {
  return formatMoney(amount, currency).replace(/\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ','));
}

/** `1,234 customers`; the plural is regular unless it is given. */
export function count(n: number, singular: string, plural = `${singular}s`): string {
  return `${n.toLocaleString('en')} ${n === 1 ? singular : plural}`;
}

/** Milliseconds as `12:34:56`, UTC. */
export function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(11, 19);
}

/** Unix seconds as `2026-01-31`, UTC. */
export function date(seconds: number | undefined): string {
  const time = new Date((seconds ?? Number.NaN) * 1000);
  return Number.isNaN(time.getTime()) ? '–' : time.toISOString().slice(0, 10);
}

/**
 * Control characters and those that change the direction of text, as visible escapes such as `\u202e`. HTML escaping is not
 * enough: they can make one key look like another.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    (character) => `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`,
  );
}

/** Keys travel in the query: a browser would resolve a key such as `..` in a path. */
export function rowLink(table: 'customers' | 'transactions', key: string): string {
  return table === 'customers'
    ? `/customer?${new URLSearchParams({ key })}`
    : `/transaction?${new URLSearchParams({ id: key })}`;
}

export function eventLink(eventId: string): string {
  return `/event?${new URLSearchParams({ id: eventId })}`;
}
