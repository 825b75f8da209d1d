// The HTTP API: one route, throttled, with an access log. The signature of each event is its authentication.

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { type CfnStage, DomainName, HttpApi, HttpMethod, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { type Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, LogGroup, MetricFilter, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { qualifiedName } from './qualified-name.js';

export const WEBHOOK_PATH = '/stripe/webhook';

/** Your own domain name for the webhook, with its certificate in the stack's region. */
export interface CustomDomain {
  /** @example 'stripe.example.com' */
  readonly domainName: string;
  /**
   * A certificate for the domain, in AWS Certificate Manager and in the region of the stack.
   *
   * @example 'arn:aws:acm:eu-west-1:123456789012:certificate/…'
   */
  readonly certificateArn: string;
}

/** How many requests the webhook accepts. */
export interface Throttle {
  /**
   * Requests per second, on average.
   *
   * @example 2000
   */
  readonly rate: number;
  /**
   * Requests that may arrive at the same moment.
   *
   * @example 4000
   */
  readonly burst: number;
}

/**
 * Far above Stripe's own peak (docs/limits.md): an attacker who floods the public URL has to use up all of it before any of Stripe's
 * requests is throttled.
 */
export const DEFAULT_THROTTLE: Throttle = { rate: 1000, burst: 2000 };

export interface WebhookApiProps {
  readonly ingest: IFunction;
  readonly throttle: Throttle;
  /** The CloudWatch namespace of the count of throttled requests. */
  readonly metricsNamespace: string;
  readonly logRetention: RetentionDays;
  readonly customDomain?: CustomDomain;
}

/**
 * What the access log says about a request: nothing of its body or headers. CloudWatch adds the time, there is only one route, and the
 * status says how long the response was. Nothing else logs the request's ID. `error.messageString` would come with quotation marks
 * around it, and a line that is not JSON counts in no metric filter.
 */
const ACCESS_LOG_FORMAT = {
  status: '$context.status',
  ms: '$context.responseLatency',
  error: '$context.error.message',
};

export class WebhookApi extends Construct {
  readonly api: HttpApi;
  readonly url: string;
  readonly accessLogGroup: LogGroup;
  /** How many requests API Gateway answered with 429, counted from the access log: its own metric adds up all of 4xx. */
  readonly throttledRequests: Metric;

  constructor(scope: Construct, id: string, props: WebhookApiProps) {
    super(scope, id);
    this.api = new HttpApi(this, 'Api', { description: 'Receives Stripe webhook events', createDefaultStage: false });
    this.api.addRoutes({
      path: WEBHOOK_PATH,
      methods: [HttpMethod.POST],
      integration: new HttpLambdaIntegration('Ingest', props.ingest),
    });
    this.accessLogGroup = new LogGroup(this, 'AccessLogs', {
      // API Gateway adds every other log group to one resource policy for the whole account, which is full after some ten of them.
      logGroupName: `/aws/vendedlogs/apis/${qualifiedName(scope)}`,
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.throttledRequests = new MetricFilter(this, 'Throttled', {
      logGroup: this.accessLogGroup,
      filterPattern: FilterPattern.stringValue('$.status', '=', '429'),
      metricNamespace: props.metricsNamespace,
      metricName: 'RequestsThrottled',
    }).metric({ statistic: Stats.SUM, period: Duration.minutes(5) });
    const domain = props.customDomain && this.createDomain(props.customDomain);
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: props.throttle.rate, burstLimit: props.throttle.burst },
      ...(domain ? { domainMapping: { domainName: domain } } : {}),
    });
    const cfnStage = stage.node.defaultChild as CfnStage;
    cfnStage.accessLogSettings = {
      destinationArn: this.accessLogGroup.logGroupArn,
      format: JSON.stringify(ACCESS_LOG_FORMAT),
    };
    this.url = `${props.customDomain ? `https://${props.customDomain.domainName}` : this.api.apiEndpoint}${WEBHOOK_PATH}`;
  }

  private createDomain({ domainName, certificateArn }: CustomDomain): DomainName {
    const certificate = Certificate.fromCertificateArn(this, 'Certificate', certificateArn);
    return new DomainName(this, 'DomainName', { domainName, certificate });
  }
}
