// What the functions use, started from the template: tables, queues and secrets.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleFunctions } from '../lib/bundling/bundle.js';
import type { StripePartnerSyncProps } from '../lib/props.js';
import { type Aws, connect } from './aws.js';
import { hasStreams, type LocalChangeFeed, startChangeFeed } from './change-feed.js';
import { startEmulators } from './emulators/supervise.js';
import type { Cleanup, LocalStackOptions } from './options.js';
import { createQueues, createResources, hasNoRows, initialSecrets, type Resources } from './resources.js';
import { createSecretsManager, openSecrets, type SigningSecrets } from './secrets.js';
import { close, listen } from './servers.js';
import { noteSettings } from './settings-history.js';
import { resolve, type Template } from './template.js';

export interface Services {
  readonly template: Template;
  /** Holds a folder for each function. */
  readonly bundlesFolder: string;
  readonly aws: Aws;
  readonly resources: Resources;
  readonly secrets: SigningSecrets;
  readonly secretsManagerEndpoint: string;
  /** How many messages of an earlier run the queues got back, by the queue's URL. */
  readonly recovered: ReadonlyMap<string, number>;
  /** Undefined if the engine of DynamoDB has no streams. */
  readonly changeFeed: LocalChangeFeed | undefined;
  /** The rows were written under other settings. */
  readonly warning: string | undefined;
}

/** Long enough to fork the emulators and to answer what esbuild asks first, in milliseconds. */
const PAUSE_BEFORE_SYNTHESIS = 50;

export async function startServices(options: LocalStackOptions, cleanups: Cleanup[]): Promise<Services> {
  const { stateFolder } = options;
  const outdir = mkdtempSync(join(tmpdir(), 'stripe-partner-sync-'));
  cleanups.push(() => rmSync(outdir, { recursive: true, force: true }));
  const request = { ...(stateFolder ? { stateFolder } : {}), dynamodb: !options.dynamodb, sqs: !options.sqs };
  let onRestart = async () => {};
  const withFeed = options.dynamodb !== undefined && (await hasStreams(options.dynamodb));
  const bundlesFolder = join(outdir, 'functions');
  const [emulators, template] = await Promise.all([
    startEmulators(request, { onRestart: () => onRestart(), onNotice: options.onNotice }).then((started) => {
      cleanups.push(started.stop);
      return started;
    }),
    synthesizeLater(
      {
        ...options.settings,
        changeFeed: withFeed,
        ...(options.throttle ? { throttle: options.throttle } : {}),
        ...(options.batchWindow === undefined ? {} : { batchWindow: options.batchWindow }),
      },
      outdir,
    ),
    // The others wait for a schedule or a deployment, and there are none here.
    bundleFunctions(bundlesFolder, ['ingest', 'worker', ...(withFeed ? (['feed'] as const) : [])]),
  ]);
  const aws = connect(options.dynamodb ?? emulators.dynamodbEndpoint!, options.sqs ?? emulators.sqsEndpoint!);
  cleanups.push(() => {
    aws.dynamodb.destroy();
    aws.sqs.destroy();
  });
  const resources = await createResources(template, aws);
  onRestart = () => createQueues(template, aws, resources);
  const changeFeed = await startChangeFeed(template, aws, resources, cleanups);

  const arnOf = (output: string) => String(resolve(template.Outputs?.[output]?.Value, resources));
  const { stripeApiKey } = options;
  const secrets = openSecrets({
    signingSecretArn: arnOf('SigningSecretArn'),
    initial: new Map([
      ...initialSecrets(template, resources),
      ...(stripeApiKey ? [[arnOf('StripeApiKeyArn'), JSON.stringify({ apiKey: stripeApiKey })] as const] : []),
    ]),
    stateFolder,
    given: options.signingSecrets,
  });
  const recovered = new Map(
    [...resources.values()].map(({ ref, attributes: { QueueName } }) => [
      ref,
      emulators.outstanding[QueueName ?? ''] ?? 0,
    ]),
  );
  const secretsManagerEndpoint = options.secretsManager ?? (await serve(secrets, cleanups));
  const isEmpty = () => hasNoRows(template, aws, resources);
  const warning =
    stateFolder && !options.dynamodb
      ? await noteSettings(join(stateFolder, 'settings.json'), options.settings, isEmpty)
      : undefined;
  return { template, bundlesFolder, aws, resources, secrets, secretsManagerEndpoint, recovered, changeFeed, warning };
}

/** Synthesis keeps this process busy for half a second. The other processes get their work first, and do it meanwhile. */
async function synthesizeLater(props: StripePartnerSyncProps, outdir: string): Promise<Template> {
  await new Promise((resolve) => setTimeout(resolve, PAUSE_BEFORE_SYNTHESIS));
  const { synthesize } = await import('./synthesize.js');
  return synthesize(props, outdir);
}

async function serve(secrets: SigningSecrets, cleanups: Cleanup[]): Promise<string> {
  const server = createSecretsManager(secrets);
  const port = await listen(server, 0);
  cleanups.push(() => close(server));
  return `http://127.0.0.1:${port}`;
}
