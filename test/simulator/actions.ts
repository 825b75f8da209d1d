// The steps of a schedule, in a form that survives while history and schedule shrink: requests are named for what they do.

export type Action =
  /** A new worker receives a batch of messages. */
  | { readonly do: 'deliver'; readonly worker: number; readonly messages: readonly string[] }
  /** A request of a worker meets its fate. */
  | { readonly do: 'request'; readonly worker: number; readonly what: string; readonly fate: Fate }
  /** One item of a batch request is read or written, before the others. */
  | {
      readonly do: 'item';
      readonly worker: number;
      readonly what: string;
      readonly item: string;
      readonly stale: boolean;
    }
  /** A pause before the next attempt is over. */
  | { readonly do: 'wake'; readonly worker: number }
  | { readonly do: 'crash'; readonly worker: number }
  /** The function's time is over: what it waits for is given up, and it reports what it did not do. */
  | { readonly do: 'timeout'; readonly worker: number }
  /** A copy of a request that was held up in the network takes effect. */
  | { readonly do: 'late'; readonly worker: number; readonly what: string };

export type Fate =
  /** It takes effect and is answered. */
  | 'landed'
  /** A read that is not strongly consistent is answered with each item as it was before its last write. */
  | 'landed-stale'
  /** It takes effect, its answer is lost, and the SDK sends it again. */
  | 'landed-resent'
  /** It is held up in the network, and the SDK sends it again. */
  | 'late-resent'
  /** It has no effect, and the worker sees an error. */
  | 'failed'
  /** It takes effect, and the worker sees an error all the same. */
  | 'landed-failed'
  /** It is held up in the network, and the worker sees an error. */
  | 'late-failed'
  /** A batch: what has not been read or written yet is answered as unprocessed. */
  | 'partly';
