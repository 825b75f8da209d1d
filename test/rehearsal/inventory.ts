// Everything that exists in the account, apart from what CDK's bootstrap created.

import { type Account, aws } from './stage.js';

/** What is listed, by the type that a template calls it: how to list it, and where its names are in the answer. */
const LISTS: Readonly<Record<string, { readonly command: string; readonly query: string }>> = {
  'AWS::ApiGatewayV2::Api': { command: 'apigatewayv2 get-apis', query: 'Items[].Name' },
  'AWS::CloudWatch::Alarm': { command: 'cloudwatch describe-alarms', query: 'MetricAlarms[].AlarmName' },
  'AWS::CloudWatch::Dashboard': { command: 'cloudwatch list-dashboards', query: 'DashboardEntries[].DashboardName' },
  // The store's tests leave their tables in the same account.
  'AWS::DynamoDB::Table': {
    command: 'dynamodb list-tables',
    query: "TableNames[?starts_with(@, 'stripe-partner-sync')]",
  },
  'AWS::Events::Rule': { command: 'events list-rules', query: 'Rules[].Name' },
  'AWS::IAM::Role': { command: 'iam list-roles', query: "Roles[?!starts_with(RoleName, 'cdk-')].RoleName" },
  'AWS::Lambda::EventSourceMapping': {
    command: 'lambda list-event-source-mappings',
    query: 'EventSourceMappings[].FunctionArn',
  },
  'AWS::Lambda::Function': { command: 'lambda list-functions', query: 'Functions[].FunctionName' },
  'AWS::Logs::LogGroup': { command: 'logs describe-log-groups', query: 'logGroups[].logGroupName' },
  'AWS::SNS::Topic': { command: 'sns list-topics', query: 'Topics[].TopicArn' },
  'AWS::SQS::Queue': { command: 'sqs list-queues', query: 'QueueUrls' },
  'AWS::SecretsManager::Secret': { command: 'secretsmanager list-secrets', query: 'SecretList[].Name' },
};

/** The names of what exists, by type. */
export type Inventory = Readonly<Record<string, readonly string[]>>;

export async function takeInventory(account: Account): Promise<Inventory> {
  const lists = Object.entries(LISTS).map(async ([type, { command, query }]) => {
    const names: string[] | null = await aws(account, ...command.split(' '), '--query', query);
    return [type, (names ?? []).sort()] as const;
  });
  return Object.fromEntries(await Promise.all(lists));
}

/** @returns the types of which something exists, with how many: `{"AWS::DynamoDB::Table":3}` */
export function counts(inventory: Inventory, stackName = ''): Record<string, number> {
  const counted = Object.entries(inventory).map(
    ([type, names]) => [type, names.filter((name) => name.includes(stackName)).length] as const,
  );
  return Object.fromEntries(counted.filter(([, count]) => count > 0));
}
