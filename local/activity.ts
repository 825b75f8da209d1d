// What happens in the local stack, as it happens, for its observers: requests, invocations, lines that functions print.

export type Activity = RequestActivity | InvocationActivity | LineActivity;

/** A request that the gateway has answered. Times are milliseconds since the epoch, durations milliseconds. */
export interface RequestActivity {
  readonly kind: 'request';
  readonly at: number;
  readonly duration: number;
  readonly status: number;
  /** What was sent, as text; absent where it was refused unread. */
  readonly body?: string;
  /** The line about it in the access log. */
  readonly accessLog?: string;
}

export interface InvocationActivity {
  readonly kind: 'invocation';
  readonly at: number;
  readonly duration: number;
  readonly functionName: string;
  /** It threw, timed out or died. */
  readonly failed: boolean;
}

export interface LineActivity {
  readonly kind: 'line';
  readonly at: number;
  readonly functionName: string;
  readonly line: string;
}

export interface ActivityLog {
  record(activity: Activity): void;
  /** The latest, oldest first. */
  recent(): readonly Activity[];
  /** @returns what ends the subscription */
  subscribe(listener: (activity: Activity) => void): () => void;
}

/** What is kept for a watcher that comes late; bodies alone count for bytes. */
const KEPT = { activities: 20_000, bytes: 32 * 1024 * 1024 };

export function createActivityLog(): ActivityLog {
  const listeners = new Set<(activity: Activity) => void>();
  const kept: Activity[] = [];
  let bytes = 0;
  const forget = () => {
    // Half of them together: removing the first item of an array copies the rest.
    const half = kept.splice(0, Math.ceil(kept.length / 2));
    bytes -= half.reduce((sum, each) => sum + sizeOf(each), 0);
  };
  return {
    record(activity) {
      kept.push(activity);
      bytes += sizeOf(activity);
      if (kept.length > KEPT.activities || bytes > KEPT.bytes) forget();
      for (const listener of listeners) listener(activity);
    },
    recent: () => kept,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function sizeOf(activity: Activity): number {
  return activity.kind === 'request' ? (activity.body?.length ?? 0) : 0;
}
