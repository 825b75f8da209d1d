// A stage as its operator sees it: deployed by CDK, worked on with the AWS CLI and the command line tools.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sign } from '../support/builders/sign.js';
import { type Adaptation, adaptAssembly, type Template } from './assembly.js';
import { type Ran, run, tryRun } from './shell.js';

export interface Account {
  /** The folder of the AWS CLI's program. */
  readonly programs: string;
  /** The copy of the project that is deployed. */
  readonly project: string;
  /** For assemblies and outputs. */
  readonly scratch: string;
  /** The address at which a webhook answers. */
  webhook(url: string): string;
}

export interface Posted {
  readonly status: number;
  readonly headers: Headers;
}

export interface Stage {
  readonly name: string;
  readonly stackName: string;
  /** Of the assembly that was deployed. */
  readonly folder: string;
  /** The stack's outputs. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly webhookUrl: string;
  readonly secret: string;
  readonly adaptations: readonly Adaptation[];
  /** Posts an event as Stripe does. @param secret that signs it, instead of the stage's */
  post(event: object, secret?: string): Promise<Posted>;
  /** Runs a command line tool on the stage. */
  tool(...args: readonly string[]): Promise<Ran>;
}

/** Runs CDK's command line in the copy of the project. */
export function cdk({ project }: Account, ...args: readonly string[]): Promise<string> {
  // `npm run check` validates the template; here that would only cost time.
  const env = { ...process.env, CDK_VALIDATION: 'false' };
  return run(join(project, 'node_modules', '.bin', 'cdk'), args, { cwd: project, env });
}

/** Runs the AWS CLI. @returns its answer, parsed */
export async function aws(
  { programs }: Account,
  ...args: readonly string[]
  // biome-ignore lint/suspicious/noExplicitAny: each service answers in its own shape
): Promise<any> {
  // Its commands for SQS do not honor AWS_ENDPOINT_URL.
  const endpoint = process.env.AWS_ENDPOINT_URL ? ['--endpoint-url', process.env.AWS_ENDPOINT_URL] : [];
  const output = await run(join(programs, 'aws'), [...args, ...endpoint, '--output', 'json']);
  return output.trim() === '' ? undefined : JSON.parse(output);
}

/** The partner event source of dev, which has a second way in, and a change feed. */
export const PARTNER_SOURCE = 'aws.partner/stripe.com/ed_test_rehearsal';

/** CDK's options for a stage. One that keeps its data must say who receives its alarms, and when silence is one. */
export function contextOf(name: string): string[] {
  const common = ['-c', `stage=${name}`, '-c', 'alarmEmail=oncall@example.com', '-c', 'quietHours=24'];
  return name === 'dev' ? [...common, '-c', `eventBridgeSource=${PARTNER_SOURCE}`, '-c', 'changeFeed=on'] : common;
}

/** A stage's assembly as the emulator can deploy it. */
interface Synthesized {
  readonly name: string;
  readonly stackName: string;
  readonly folder: string;
  readonly adaptations: readonly Adaptation[];
}

/** @param change of the template, after it was adapted to the emulator */
export async function synthesize(
  account: Account,
  name: string,
  change?: (template: Template) => Template,
): Promise<Synthesized> {
  const stackName = `stripe-partner-sync-${name}`;
  const synthesized = join(account.scratch, `${name}-${Date.now()}`);
  const folder = `${synthesized}-adapted`;
  await cdk(account, 'synth', '--quiet', ...contextOf(name), '--output', synthesized);
  return { name, stackName, folder, adaptations: adaptAssembly(synthesized, folder, stackName, change) };
}

/** Synthesizes a stage and deploys what the emulator can deploy of it. */
export async function deploy(account: Account, name: string, secret: string): Promise<Stage> {
  return deployAssembly(account, await synthesize(account, name), secret);
}

export async function deployAssembly(
  account: Account,
  { name, stackName, folder, adaptations }: Synthesized,
  secret: string,
): Promise<Stage> {
  const outputsFile = `${folder}.json`;
  const assembly = ['--app', folder, '--require-approval', 'never', '--outputs-file', outputsFile];
  await cdk(account, 'deploy', '--all', '--progress', 'events', ...assembly);
  const outputs = JSON.parse(readFileSync(outputsFile, 'utf8'))[stackName];
  const webhookUrl = account.webhook(outputs.WebhookUrl);
  return {
    name,
    stackName,
    folder,
    outputs,
    webhookUrl,
    secret,
    adaptations,
    async post(event, key = secret) {
      const body = JSON.stringify(event);
      const headers = { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': sign(body, key) };
      const response = await fetch(webhookUrl, { method: 'POST', body, headers });
      await response.arrayBuffer();
      return { status: response.status, headers: response.headers };
    },
    tool: (command, ...args) => {
      const program = join(account.project, 'bin', 'cli.ts');
      return tryRun(process.execPath, ['--import', 'tsx', program, command!, '--stage', name, ...args], {
        cwd: account.project,
      });
    },
  };
}
