// Wires thin events to Stripe's API: loaded when the first one arrives, so that a stack without them pays nothing for it.

import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Context } from 'aws-lambda';
import { toMessage } from '../queue/message.js';
import { NOOP_LOGGER } from '../runtime/noop-logger.js';
import { cachedApiKey } from '../stripe/api-key.js';
import { fetchSnapshotEvent } from '../stripe/snapshot-events.js';
import type { FetchSnapshot } from './thin-events.js';

/** Time kept back to apply what was fetched, in milliseconds. */
const RESERVE_TO_APPLY = 12_000;

/** @param apiKeyArn the secret that holds the Stripe API key */
export function snapshotsFrom(apiKeyArn: string): (context: Context) => FetchSnapshot {
  const secretsManager = new SecretsManagerClient({
    requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
    logger: NOOP_LOGGER,
  });
  const apiKey = cachedApiKey(async () => {
    return (await secretsManager.send(new GetSecretValueCommand({ SecretId: apiKeyArn }))).SecretString;
  });
  return (context) => {
    const milliseconds = Math.max(0, context.getRemainingTimeInMillis() - RESERVE_TO_APPLY);
    const limits = { signal: AbortSignal.timeout(milliseconds), deadline: Date.now() + milliseconds };
    return async (thin) => {
      const event = await fetchSnapshotEvent(apiKey, thin, limits);
      return toMessage(JSON.stringify(event), event);
    };
  };
}
