// Starts the functions that something here invokes: the webhook's route, a queue or a stream. What only a schedule invokes stays off,
// because the local stack has no schedules.

import { join } from 'node:path';
import type { Aws } from './aws.js';
import { arn, CREDENTIALS, REGION } from './aws.js';
import { type LocalChangeFeed, streamMappings } from './change-feed.js';
import { type LocalFunction, startFunction } from './function.js';
import type { Resources } from './resources.js';
import { referencesIn, resolve, resourcesOf, shortName, type Template, UnsupportedTemplateError } from './template.js';

export interface FunctionsOptions {
  readonly template: Template;
  /** Gets the functions, their versions and their aliases. */
  readonly resources: Resources;
  readonly aws: Aws;
  readonly secretsManagerEndpoint: string;
  readonly changeFeed: LocalChangeFeed | undefined;
  /** Holds a folder for each function. */
  readonly bundlesFolder: string;
  /** Called with each line that a function prints. */
  readonly onLine: (functionName: string, line: string) => void;
  /** Called with each new process. */
  readonly onProcess: (functionName: string, pid: number) => void;
  readonly onStop: (stop: () => Promise<void>) => void;
}

/** By name. */
export type LocalFunctions = ReadonlyMap<string, LocalFunction>;

export async function startFunctions(options: FunctionsOptions): Promise<LocalFunctions> {
  const { template, resources } = options;
  const invoked = invokedFunctions(template);
  const functions = new Map<string, LocalFunction>();
  await Promise.all(
    resourcesOf(template, 'AWS::Lambda::Function')
      .filter(([id]) => invoked.has(id))
      .map(async ([id, properties]) => {
        const name = shortName(template, id);
        const local = await startOne(name, properties, options);
        options.onStop(() => local.stop());
        functions.set(name, local);
        resources.set(id, { ref: name, attributes: { Arn: functionArn(name) } });
      }),
  );
  nameVersions(template, resources);
  return functions;
}

function startOne(
  name: string,
  properties: Record<string, unknown>,
  { resources, aws, secretsManagerEndpoint, changeFeed, bundlesFolder, onLine, onProcess }: FunctionsOptions,
): Promise<LocalFunction> {
  const { Variables } = properties.Environment as { Variables: Record<string, unknown> };
  return startFunction({
    name,
    folder: join(bundlesFolder, (properties.Code as { S3Key: string }).S3Key),
    handler: String(properties.Handler),
    timeoutSeconds: Number(properties.Timeout),
    environment: {
      ...(resolve(Variables, resources) as Record<string, string>),
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_REGION: REGION,
      // As on AWS, the access key identifies the caller.
      AWS_ACCESS_KEY_ID: name,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_DYNAMODB: aws.dynamodbEndpoint,
      AWS_ENDPOINT_URL_SQS: aws.sqsEndpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManagerEndpoint,
      ...(changeFeed ? { AWS_ENDPOINT_URL_EVENTBRIDGE: changeFeed.endpoint } : {}),
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...(process.env.STRIPE_API_BASE ? { STRIPE_API_BASE: process.env.STRIPE_API_BASE } : {}),
    },
    onLine: (line) => onLine(name, line),
    onStart: (pid) => onProcess(name, pid),
  });
}

/** An alias is invoked in place of its function; here it means the only version there is. */
function nameVersions(template: Template, resources: Resources): void {
  for (const [id, version] of resourcesOf(template, 'AWS::Lambda::Version')) {
    const name = functionNamed(version.FunctionName, resources);
    if (name) resources.set(id, { ref: `${functionArn(name)}:1`, attributes: { Version: '1' } });
  }
  for (const [id, alias] of resourcesOf(template, 'AWS::Lambda::Alias')) {
    const name = functionNamed(alias.FunctionName, resources);
    if (name) resources.set(id, { ref: `${functionArn(name)}:${alias.Name}`, attributes: {} });
  }
}

function functionNamed(value: unknown, resources: Resources): string | undefined {
  const [id] = referencesIn(value);
  return id === undefined ? undefined : resources.get(id)?.ref;
}

/** The logical IDs of the functions that a route's integration, a queue or a stream invokes, directly or by an alias. */
function invokedFunctions(template: Template): ReadonlySet<string> {
  const aliases = new Map(
    resourcesOf(template, 'AWS::Lambda::Alias').map(([id, alias]) => [id, referencesIn(alias.FunctionName)]),
  );
  const invoking = [
    ...resourcesOf(template, 'AWS::ApiGatewayV2::Integration').map(([, integration]) => integration.IntegrationUri),
    ...[...queueMappings(template), ...streamMappings(template)].map((mapping) => mapping.FunctionName),
  ];
  return new Set(invoking.flatMap(referencesIn).flatMap((id) => aliases.get(id) ?? [id]));
}

/** The event source mappings that read from one of the template's queues. */
export function queueMappings(template: Template): Record<string, unknown>[] {
  const isQueue = (id: string) => template.Resources[id]?.Type === 'AWS::SQS::Queue';
  return resourcesOf(template, 'AWS::Lambda::EventSourceMapping')
    .map(([, mapping]) => mapping)
    .filter((mapping) => referencesIn(mapping.EventSourceArn).some(isQueue));
}

/** @param invokedArn of a function, with or without a version or an alias; or a name with them */
export function functionOfArn(functions: LocalFunctions, invokedArn: unknown): { name: string; local: LocalFunction } {
  const name = String(invokedArn).replace(functionArn(''), '').split(':')[0]!;
  const local = functions.get(name);
  if (!local) throw new UnsupportedTemplateError(`no function ${invokedArn}`);
  return { name, local };
}

function functionArn(name: string): string {
  return arn('lambda', `function:${name}`);
}
