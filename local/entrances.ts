// How events reach a function: through a route of the webhook's API, or through a queue. Both come from the template.

import type { ActivityLog } from './activity.js';
import { apiStageOf, createTokenBucket } from './api-stage.js';
import type { Aws } from './aws.js';
import { type EventSource, startEventSource } from './event-source.js';
import { functionOfArn, type LocalFunctions, queueMappings } from './functions.js';
import type { Api, Route } from './gateway.js';
import { queueUrlOf, type Resources } from './resources.js';
import { resolve, resourcesOf, type Template } from './template.js';

interface Parts {
  readonly template: Template;
  readonly resources: Resources;
  readonly functions: LocalFunctions;
  readonly activity: ActivityLog;
  readonly aws: Aws;
}

/** How many batches Lambda processes at the same time before it scales: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html */
const FIRST_CONCURRENCY = 5;

/** Fills in the routes of the webhook's API, such as `POST /stripe/webhook`, and its access log. */
export function openApi(api: Api, { template, resources, functions, activity }: Parts): void {
  const stage = apiStageOf(template);
  const integrations = new Map(resourcesOf(template, 'AWS::ApiGatewayV2::Integration'));
  for (const id of integrations.keys()) resources.set(id, { ref: id, attributes: {} });
  for (const [, { RouteKey, Target }] of resourcesOf(template, 'AWS::ApiGatewayV2::Route')) {
    const target = String(resolve(Target, resources)).replace('integrations/', '');
    const invokedArn = resolve(integrations.get(target)?.IntegrationUri, resources);
    const throttle = stage.throttleOf(String(RouteKey));
    const admits: Route['admits'] = throttle ? createTokenBucket(throttle) : () => true;
    api.routes.set(String(RouteKey), { answer: invoker(functions, invokedArn, activity), admits });
  }
  api.accessLogLine = stage.accessLogLine;
}

export function startEventSources({ template, resources, functions, activity, aws }: Parts): EventSource[] {
  return queueMappings(template).map((mapping) => {
    const scaling = mapping.ScalingConfig as { readonly MaximumConcurrency?: number } | undefined;
    return startEventSource({
      sqs: aws.sqs,
      queueUrl: queueUrlOf(resources, resolve(mapping.EventSourceArn, resources)),
      batchSize: Number(mapping.BatchSize),
      windowSeconds: Number(mapping.MaximumBatchingWindowInSeconds ?? 0),
      concurrency: Math.min(FIRST_CONCURRENCY, Number(scaling?.MaximumConcurrency ?? FIRST_CONCURRENCY)),
      invoke: invoker(functions, resolve(mapping.FunctionName, resources), activity),
    });
  });
}

/** @returns invokes a function by its ARN, and notes it */
export function invokerOf({ functions, activity }: Pick<Parts, 'functions' | 'activity'>) {
  return (invokedArn: unknown, event: unknown) => invoker(functions, invokedArn, activity)(event);
}

function invoker(functions: LocalFunctions, invokedArn: unknown, activity: ActivityLog) {
  const { name: functionName, local } = functionOfArn(functions, invokedArn);
  return async (event: unknown) => {
    const at = Date.now();
    const ended = (failed: boolean) =>
      activity.record({ kind: 'invocation', at, duration: Date.now() - at, functionName, failed });
    try {
      const result = await local.invoke(event);
      ended(false);
      return result;
    } catch (error) {
      ended(true);
      throw error;
    }
  };
}
