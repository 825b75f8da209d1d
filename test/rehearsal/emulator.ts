// MiniStack, an AWS emulator from PyPI, in a virtual environment inside a temporary folder.

import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CommandError, run, tryRun } from './shell.js';

const PACKAGES = ['ministack==1.5.33', 'cryptography', 'awscli'];
export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';
/** Of the account's root user. They are those that the demo uses with every stack. */
const ROOT_CREDENTIALS = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };

/** What pip prints if it cannot reach its index. Any other failure of pip is a failure of the rehearsal. */
const UNREACHABLE =
  /NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|Network is unreachable/;

/** PyPI cannot be reached: there is nothing to rehearse against. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/**
 * Creates a virtual environment with MiniStack and the AWS CLI.
 *
 * @returns its folder of programs
 * @throws {UnreachableError} if pip cannot reach its index
 */
export async function installEmulator(folder: string): Promise<string> {
  await run('python3', ['-m', 'venv', folder]);
  const programs = join(folder, 'bin');
  const pip = ['install', '--quiet', '--disable-pip-version-check', '--retries', '2', '--timeout', '15', ...PACKAGES];
  const ran = await tryRun(join(programs, 'pip'), pip);
  if (ran.code === 0) return programs;
  if (UNREACHABLE.test(ran.output)) throw new UnreachableError('pip cannot reach PyPI');
  throw new CommandError(`pip ${pip.join(' ')}`, ran);
}

export interface Emulator {
  /** The whole environment of a program that talks to AWS: the endpoint, the root credentials, the certificate to trust. */
  readonly environment: Readonly<Record<string, string>>;
  readonly endpoint: string;
  /** The last lines that the emulator printed. */
  log(): string;
  stop(): Promise<void>;
}

/** @param programs the virtual environment's folder of programs @param folder for everything that the emulator writes */
export async function startEmulator(programs: string, folder: string): Promise<Emulator> {
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const logFile = join(folder, 'ministack.log');
  const child = spawn(join(programs, 'ministack'), [], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A separate process group: the functions that it runs end with it.
    detached: true,
    env: {
      ...neutralEnvironment(),
      ...ROOT_CREDENTIALS,
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: 'localhost',
      GATEWAY_PORT: String(port),
      TMPDIR: folder,
      LAMBDA_EXECUTOR: 'local',
      // Policies are enforced, those of our functions' roles and those of CDK's; some of them deny requests without TLS.
      AUTH: 'true',
      USE_SSL: '1',
      IOT_MTLS_ENABLED: '0',
    },
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => appendFileSync(logFile, chunk));
  const log = () => lastLines(readFileSync(logFile, 'utf8'));
  const endpoint = `https://localhost:${port}`;
  const certificate = join(folder, 'ministack-tls', 'server.crt');
  const stop = () => stopGroup(child);
  const emulator: Emulator = {
    environment: {
      ...neutralEnvironment(),
      ...ROOT_CREDENTIALS,
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      // No profile and no instance role of the person who runs this: nothing here may reach a real account.
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      NODE_EXTRA_CA_CERTS: certificate,
      AWS_CA_BUNDLE: certificate,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
    endpoint,
    log,
    stop,
  };
  try {
    await ready(emulator, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return emulator;
}

/** This process's environment without what leads an AWS client elsewhere, or makes it trust other certificates. */
function neutralEnvironment(): Record<string, string> {
  const leads = /^AWS_|^(NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|REQUESTS_CA_BUNDLE)$/;
  return Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && !leads.test(entry[0]),
    ),
  );
}

const START_MILLISECONDS = 30_000;

async function ready(emulator: Emulator, child: ChildProcess): Promise<void> {
  for (const end = Date.now() + START_MILLISECONDS; ; await new Promise((resolve) => setTimeout(resolve, 200))) {
    if (await answers(`${emulator.endpoint}/_ministack/health`)) return;
    if (child.exitCode !== null || Date.now() > end) throw new Error(`MiniStack did not start:\n${emulator.log()}`);
  }
}

/** What the emulator and the functions printed last, without metrics. */
function lastLines(log: string): string {
  const lines = log.split('\n').filter((line) => !line.startsWith('{"_aws":'));
  return lines.slice(-40).join('\n');
}

/** Whether the emulator answers. It is called before the emulator has written its certificate, so it trusts any. */
function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, { rejectUnauthorized: false }, (response) => resolve(response.resume().statusCode === 200)).once(
      'error',
      () => resolve(false),
    );
  });
}

async function stopGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGTERM');
  const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
