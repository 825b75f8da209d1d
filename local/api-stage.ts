// The stage of the webhook's API, as the template has it: how many requests it accepts, and what its access log says about each.

import { referencesIn, resourcesOf, type Template } from './template.js';

/** Requests per second on average, and how many may arrive at the same moment. */
export interface RouteThrottle {
  readonly rate: number;
  readonly burst: number;
}

/** Values of `$context` variables, by their names without `$context.`. */
export type RequestContext = Readonly<Record<string, string | number>>;

export interface ApiStage {
  /** @param routeKey such as `POST /stripe/webhook` @returns undefined if the template does not throttle the route */
  throttleOf(routeKey: string): RouteThrottle | undefined;
  /** The access log's line about a request; undefined if the stage has no access log. */
  accessLogLine(context: RequestContext): string | undefined;
  /** The logical ID of the access log's group. */
  readonly accessLogGroup: string | undefined;
}

interface RouteSettings {
  readonly ThrottlingRateLimit?: number;
  readonly ThrottlingBurstLimit?: number;
}

export function apiStageOf(template: Template): ApiStage {
  const properties = resourcesOf(template, 'AWS::ApiGatewayV2::Stage')[0]?.[1] ?? {};
  const { DefaultRouteSettings, RouteSettings, AccessLogSettings } = properties as {
    DefaultRouteSettings?: RouteSettings;
    RouteSettings?: Readonly<Record<string, RouteSettings>>;
    AccessLogSettings?: { readonly Format: string; readonly DestinationArn: unknown };
  };
  return {
    throttleOf(routeKey) {
      const { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst } = {
        ...DefaultRouteSettings,
        ...RouteSettings?.[routeKey],
      };
      return rate === undefined || burst === undefined ? undefined : { rate, burst };
    },
    // API Gateway writes a hyphen for what a request does not have.
    accessLogLine: (context) =>
      AccessLogSettings?.Format.replace(/\$context\.([\w.]+)/g, (_, name: string) => String(context[name] ?? '-')),
    accessLogGroup: AccessLogSettings && referencesIn(AccessLogSettings.DestinationArn)[0],
  };
}

/**
 * A token bucket, as API Gateway throttles with: it holds `burst` tokens at most, each request takes one, and `rate` come back each second.
 *
 * @param now milliseconds
 * @returns whether there was a token for another request
 */
export function createTokenBucket({ rate, burst }: RouteThrottle, now: () => number = Date.now): () => boolean {
  let tokens = burst;
  let filledAt = now();
  return () => {
    const at = now();
    tokens = Math.min(burst, tokens + (Math.max(0, at - filledAt) / 1000) * rate);
    filledAt = at;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}
