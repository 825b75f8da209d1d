// A thin event: Stripe's notification without the object. https://docs.stripe.com/webhooks/migrate-snapshot-to-thin-events

import { isObject } from '../domain/event.js';

export interface ThinEvent {
  readonly id: string;
  /** `v1.charge.succeeded`; the snapshot event's type is the same without `v1.`. */
  readonly type: string;
  readonly livemode: boolean;
  /** Unix seconds. */
  readonly created: number;
  /** The snapshot event about the same change. */
  readonly snapshotId?: string;
  readonly objectId?: string;
  /** The account to ask Stripe in the name of, where it is not the key's own. */
  readonly context?: string;
}

const OBJECT = 'v2.core.event';

/** @returns undefined for anything else */
export function readThinEvent(value: unknown): ThinEvent | undefined {
  if (!isObject(value) || value.object !== OBJECT) return undefined;
  const { id, type, snapshot_event, related_object, context } = value;
  if (!isName(id) || !isName(type)) return undefined;
  const object = isObject(related_object) ? related_object.id : undefined;
  const created = Math.floor(Date.parse(String(value.created)) / 1000);
  return {
    id,
    type,
    livemode: value.livemode === true,
    created: created >= 0 ? created : 0,
    ...(isName(snapshot_event) ? { snapshotId: snapshot_event } : {}),
    ...(isName(object) ? { objectId: object } : {}),
    ...(isName(context) ? { context } : {}),
  };
}

/** Reads a queue message. Cheap for one that is not about a thin event: it is not even parsed. */
export function thinEventIn(message: string): ThinEvent | undefined {
  if (!message.includes(OBJECT)) return undefined;
  try {
    return readThinEvent(JSON.parse(message));
  } catch {
    return undefined;
  }
}

/** The type of the snapshot event, or undefined for a type that has none. */
export function snapshotType({ type }: Pick<ThinEvent, 'type'>): string | undefined {
  return type.startsWith('v1.') ? type.slice('v1.'.length) : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 255;
}
