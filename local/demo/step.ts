// One step of the demo.

import type { SampleEvent } from '../../cli/sample-events.js';

export interface Step {
  readonly words: string;
  readonly events: readonly SampleEvent[];
  /** What each row has in the end, by its key; null: there is no such row. */
  readonly rows: Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;
  /** Signed with a secret that is not valid: the webhook refuses the events. */
  readonly forged?: boolean;
}
