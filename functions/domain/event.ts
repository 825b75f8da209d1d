// The envelope of a Stripe event, which of two snapshots is newer, and how the rules read fields.

export type StripeObject = Readonly<Record<string, unknown>>;

/** The envelope of a snapshot ("v1") event, as far as the rules read it. `created` is in Unix seconds. */
export interface StripeEvent {
  readonly id: string;
  readonly type: string;
  readonly created: number;
  readonly livemode: boolean;
  /** The API version that the event was rendered in. Some events have none. */
  readonly api_version?: string;
  readonly data: { readonly object: StripeObject };
}

/** A message is not an event, or has a shape that no rule knows. A retry cannot help: it belongs in the dead-letter queue. */
export class EventNotUnderstoodError extends Error {
  override readonly name = 'EventNotUnderstoodError';
  constructor(
    /** Which field is missing or of the wrong kind. Never its value: values are personal data. */
    readonly field: string,
    expected: string,
  ) {
    super(`the event's ${field} is not ${expected}`);
  }
}

/**
 * Reads the envelope of a parsed message.
 *
 * @throws {EventNotUnderstoodError} when a field that every rule needs is missing or of the wrong kind
 */
export function parseEvent(value: unknown): StripeEvent {
  if (!isObject(value)) throw new EventNotUnderstoodError('body', 'a JSON object');
  const object = isObject(value.data) ? value.data.object : undefined;
  if (!isObject(object)) throw new EventNotUnderstoodError('data.object', 'an object');
  return {
    id: requiredId(value, 'id'),
    type: requiredId(value, 'type'),
    created: requiredTime(value.created),
    livemode: value.livemode === true,
    ...(typeof value.api_version === 'string' ? { api_version: value.api_version } : {}),
    data: { object },
  };
}

/** What a fact was learned from, to tell which of two facts is newer. */
export interface Stamp {
  readonly version: string;
  readonly api_version?: string;
}

/** What a row says about the event that determines it. */
export interface Source extends Stamp {
  readonly event_id: string;
  readonly event_type: string;
}

/**
 * The order of events about one object: `created` (12 digits), the rank of the type, the event's ID, compared as a string.
 * Stripe stamps whole seconds, so the rank decides within a second, and the ID where the rank cannot.
 */
export function versionOf(event: Pick<StripeEvent, 'created' | 'type' | 'id'>): string {
  return `${String(event.created).padStart(12, '0')}#${RANKS.get(event.type) ?? 0}#${event.id}`;
}

export function stampOf(event: StripeEvent): Stamp {
  return { version: versionOf(event), ...(event.api_version === undefined ? {} : { api_version: event.api_version }) };
}

export function sourceOf(event: StripeEvent): Source {
  return { event_id: event.id, event_type: event.type, ...stampOf(event) };
}

/** When the event with this version was created, in Unix seconds. */
export function createdAt(version: string): number {
  return Number(version.slice(0, 12));
}

/**
 * Whether one stamp is newer than another. "One event ID can arrive in two renderings … Then the one with the greater
 * `api_version` counts, compared as strings; an absent one is the smallest."
 */
export function isNewer(a: Stamp, b: Stamp): boolean {
  return a.version === b.version ? (a.api_version ?? '') > (b.api_version ?? '') : a.version > b.version;
}

/** The newest of some facts, or undefined if there are none. */
export function newest<T extends Stamp>(facts: readonly T[]): T | undefined {
  return facts.reduce<T | undefined>(
    (best, fact) => (best === undefined || isNewer(fact, best) ? fact : best),
    undefined,
  );
}

/** Every event type that is not listed has rank 0. */
const RANKS: ReadonlyMap<string, number> = new Map([
  ['customer.updated', 1],
  ['charge.captured', 1],
  ['refund.updated', 1],
  ['charge.refund.updated', 1],
  ['charge.dispute.funds_withdrawn', 1],
  ['customer.deleted', 2],
  ['charge.updated', 2],
  ['refund.failed', 2],
  ['charge.dispute.updated', 2],
  ['charge.refunded', 3],
  ['charge.expired', 3],
  ['charge.dispute.funds_reinstated', 3],
  ['charge.dispute.closed', 4],
]);

// Reading fields. Stripe expands references to whole objects on request, and writes null for an absent value.

/** Stripe's ids are at most 255 characters (https://docs.stripe.com/upgrades#what-changes-does-stripe-consider-to-be-backwards-compatible). */
const MAX_ID_LENGTH = 255;

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws {EventNotUnderstoodError} unless the field is a string of 1 to 255 characters */
export function requiredId(object: Readonly<Record<string, unknown>>, field: string): string {
  const value = object[field];
  if (typeof value === 'string' && isId(value)) return value;
  throw new EventNotUnderstoodError(field, `a string of 1 to ${MAX_ID_LENGTH} characters`);
}

/** The ID that a reference names, whether it is an ID or an expanded object; absent if it is null or empty. */
export function referencedId(reference: unknown, field: string): string | undefined {
  const value = isObject(reference) ? reference.id : reference;
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string' && isId(value)) return value;
  throw new EventNotUnderstoodError(field, 'an id or an expanded object');
}

function isId(value: string): boolean {
  return value.length > 0 && value.length <= MAX_ID_LENGTH && value.isWellFormed();
}

/** An integer in the currency's minor unit, or undefined where the field is absent or null. */
export function optionalAmount(object: StripeObject, field: string): number | undefined {
  const value = object[field];
  if (value === undefined || value === null) return undefined;
  if (Number.isSafeInteger(value)) return value as number;
  throw new EventNotUnderstoodError(field, 'an integer amount in minor units');
}

export function requiredAmount(object: StripeObject, field: string): number {
  const amount = optionalAmount(object, field);
  if (amount === undefined) throw new EventNotUnderstoodError(field, 'an integer amount in minor units');
  return amount;
}

/** A non-empty string; anything else counts as absent. */
export function optionalString(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.toWellFormed() : undefined;
}

/** Unix seconds; absent unless it is an integer. */
export function optionalTime(value: unknown): number | undefined {
  return Number.isSafeInteger(value) ? (value as number) : undefined;
}

const LATEST_TIME = 999_999_999_999;

function requiredTime(value: unknown): number {
  const time = optionalTime(value);
  if (time !== undefined && time >= 0 && time <= LATEST_TIME) return time;
  throw new EventNotUnderstoodError('created', 'a time in Unix seconds');
}

/** The object's own mode, or the event's if the object does not state one. */
export function livemodeOf(event: StripeEvent): boolean {
  const own = event.data.object.livemode;
  return typeof own === 'boolean' ? own : event.livemode;
}

/** @throws {EventNotUnderstoodError} if `data.object` says that it is something else */
export function expectObject(event: StripeEvent, name: string): StripeObject {
  const said = event.data.object.object;
  if (said !== undefined && said !== name) throw new EventNotUnderstoodError('data.object', `of object type ${name}`);
  return event.data.object;
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> } & {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
};

/** "An absent value is an absent attribute." */
export function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
