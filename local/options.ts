// What the local stack is started with.

import type { Settings } from '../contract/settings.js';
import type { Throttle } from '../lib/webhook-api.js';
import type { ConsoleFactory } from './console-server.js';

export interface LocalStackOptions {
  readonly settings: Settings;
  /** 0: any free one. */
  readonly port: number;
  /** Where state is kept between runs; without it nothing is kept. */
  readonly stateFolder?: string;
  readonly stackFile: string;
  /** Signing secrets that are valid in addition to the local stack's own. */
  readonly signingSecrets: readonly string[];
  /** With which the worker fetches what thin events name; without it they are refused. */
  readonly stripeApiKey?: string;
  /** The file of rules that say what partners are owed. */
  readonly rewardsFile?: string;
  /** Endpoints to use instead of the emulators that come with the local stack. */
  readonly dynamodb?: string;
  readonly sqs?: string;
  readonly secretsManager?: string;
  /** How many requests the webhook accepts. Default: as many as a deployed stage. */
  readonly throttle?: Throttle;
  /** For how many seconds the worker's batches are gathered. Default: as a deployed stage. */
  readonly batchWindow?: number;
  /** Called with each line that a function prints. */
  readonly onLine: (functionName: string, line: string) => void;
  /** Called with notices for the user about the stack itself. */
  readonly onNotice: (text: string) => void;
  /** Makes the page of `consoleUrl` when it is first asked for; without it there is none. */
  readonly console?: ConsoleFactory;
}

/** Ends what was started; called in reverse order. */
export type Cleanup = () => Promise<unknown> | unknown;
