// The Stripe CLI's command that forwards an account's test events to a webhook: for the local stack's first screen, console and README.

import type { Settings } from '../contract/settings.js';
import { subscribedTypes } from '../functions/domain/decide.js';

/** With exactly the events that `connect` subscribes to; since version 1.51, the CLI forwards none unless they are named. */
export function listenCommand(webhookUrl: string, settings: Settings): string {
  return `stripe listen --events ${subscribedTypes(settings).join(',')} --forward-to ${webhookUrl}`;
}
