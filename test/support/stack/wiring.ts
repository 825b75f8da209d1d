// The local stack's emulators, started separately, and proxies that record or refuse requests to them.

import { type ChildProcess, fork } from 'node:child_process';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StackFile } from '../../../contract/stack-file.js';
import type { EmulatorsReady } from '../../../local/emulators/process.js';
import { bundleProcess } from '../../../local/processes.js';
import { type FakeStripe, GOOD_KEY } from '../fakes/fake-stripe.js';
import { runFunction } from './run-function.js';

/** What a function asked AWS for. */
export interface AwsCall {
  /** The function whose key signed it: in the local stack each function has a different key. */
  readonly caller: string;
  /** As in `DynamoDB_20120810.PutItem`. */
  readonly target: string;
  // biome-ignore lint/suspicious/noExplicitAny: each request has its own input
  readonly input: any;
}

/** Sees each call; an error's name makes the proxy refuse it with that. */
export type Watcher = (call: AwsCall) => string | undefined;

export interface Wiring {
  /** Flags that make a local stack use the emulators through the proxies. */
  readonly args: readonly string[];
  /** Runs the scheduled function once. @returns what it printed */
  reconcile(stripe: FakeStripe, stack: StackFile): Promise<string[]>;
  stop(): void;
}

/** Starts emulators with a proxy in front of each, and of a Secrets Manager that returns one secret for every request. */
export async function startWiring(signingSecret: string, watch: Watcher): Promise<Wiring> {
  const servers: Server[] = [];
  const listen = async (server: Server) => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const proxy = (
    answer: (request: IncomingMessage, body: string) => Promise<{ status: number; body: Buffer | string }>,
  ) =>
    listen(
      createServer(async (request, response) => {
        const body = await read(request);
        const refused = watch(callOf(request, body));
        const type = String(request.headers['content-type']);
        if (refused) {
          response
            .writeHead(400, { 'content-type': type })
            .end(JSON.stringify({ __type: refused, message: 'refused by the test' }));
          return;
        }
        const { status, body: answered } = await answer(request, body);
        response.writeHead(status, { 'content-type': type }).end(answered);
      }),
    );
  const forward = (target: string) =>
    proxy(async (request, body) => {
      const answer = await fetch(target, { method: 'POST', body, headers: headersOf(request) });
      return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
    });
  const { child, ready } = await startEmulators();
  const dynamodb = await forward(ready.dynamodbEndpoint!);
  const sqs = await forward(ready.sqsEndpoint!);
  const secrets = await proxy(async () => ({
    status: 200,
    body: JSON.stringify({ SecretString: JSON.stringify({ signingSecrets: [signingSecret], apiKey: GOOD_KEY }) }),
  }));
  const environment = {
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
    AWS_ENDPOINT_URL_SQS: sqs,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets,
  };
  return {
    args: ['--dynamodb', dynamodb, '--sqs', sqs, '--secrets-manager', secrets],
    async reconcile(stripe, stack) {
      const { lines, error } = await runFunction('reconcile', {
        ...environment,
        STRIPE_API_BASE: stripe.url,
        QUEUE_URL: stack.queueUrl,
        LINKS_TABLE: stack.tables.links,
        STRIPE_API_KEY_ARN: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:stripeapikey',
      });
      if (error) throw new Error(`${error}: ${lines.join('\n')}`);
      return lines;
    },
    stop() {
      child.disconnect();
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

async function startEmulators(): Promise<{ child: ChildProcess; ready: EmulatorsReady }> {
  const program = await bundleProcess('emulators/process.ts');
  const child = fork(program, [JSON.stringify({ dynamodb: true, sqs: true })], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  return {
    child,
    ready: await new Promise((resolve) => child.once('message', (message) => resolve(message as EmulatorsReady))),
  };
}

function callOf({ headers }: IncomingMessage, body: string): AwsCall {
  const caller = /Credential=([^/]+)/.exec(String(headers.authorization))?.[1] ?? '';
  return { caller, target: String(headers['x-amz-target']), input: JSON.parse(body) };
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const passed = ['content-type', 'x-amz-target', 'authorization', 'x-amz-date'];
  return Object.fromEntries(passed.map((name) => [name, String(headers[name])]));
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
