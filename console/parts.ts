// What every part of the console is given.

import type { Target } from '../cli/target.js';
import type { StackFile } from '../contract/stack-file.js';
import type { ResolvedResource, Template } from '../local/template.js';
import type { History } from './history.js';
import type { MetricStore } from './metrics.js';

export interface Shared {
  readonly stack: StackFile;
  readonly target: Target;
  readonly history: History;
  readonly metrics: MetricStore;
  readonly counts: () => Promise<Counts>;
  readonly template: Template;
  readonly physical: ReadonlyMap<string, ResolvedResource>;
}

/** Messages, by queue. */
export interface Counts {
  readonly waiting: number;
  readonly deadLetters: number;
}
