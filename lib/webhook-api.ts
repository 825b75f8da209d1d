// The HTTP API: one route, throttled, with an access log. The signature of each event is its authentication.

import { RemovalPolicy } from 'aws-cdk-lib';
import { type CfnStage, DomainName, HttpApi, HttpMethod, HttpStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { qualifiedName } from './qualified-name.js';

export const WEBHOOK_PATH = '/stripe/webhook';

/** A name of your own for the webhook, with its certificate in the stack's region. */
export interface CustomDomain {
  readonly domainName: string;
  readonly certificateArn: string;
}

export interface WebhookApiProps {
  readonly ingest: IFunction;
  /** Requests a second in the long run, and at once. */
  readonly throttle: { readonly rate: number; readonly burst: number };
  readonly logRetention: RetentionDays;
  readonly customDomain?: CustomDomain;
}

/** What the access log holds of a request: nothing of its body, and no header. CloudWatch adds the time; there is one route. */
const ACCESS_LOG_FORMAT = {
  requestId: '$context.requestId',
  status: '$context.status',
  milliseconds: '$context.responseLatency',
  bytes: '$context.responseLength',
  error: '$context.error.messageString',
};

export class WebhookApi extends Construct {
  readonly api: HttpApi;
  readonly url: string;
  readonly accessLogGroup: LogGroup;

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
    const domain =
      props.customDomain &&
      new DomainName(this, 'DomainName', {
        domainName: props.customDomain.domainName,
        certificate: Certificate.fromCertificateArn(this, 'Certificate', props.customDomain.certificateArn),
      });
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
}
