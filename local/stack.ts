// The stack on one machine, built from the synthesized template, so that nothing is defined twice.

import { mkdirSync } from 'node:fs';
import type { StackFile } from '../contract/stack-file.js';
import { type ActivityLog, createActivityLog } from './activity.js';
import { startStreamSources } from './change-feed.js';
import { serveConsole } from './console-server.js';
import { invokerOf, openApi, startEventSources } from './entrances.js';
import type { EventSource } from './event-source.js';
import { openFunctionLog, stamped } from './function-log.js';
import { startFunctions } from './functions.js';
import { type Api, createGateway } from './gateway.js';
import type { Cleanup, LocalStackOptions } from './options.js';
import { close, listen } from './servers.js';
import { startServices } from './services.js';
import { claimStackFile, describeStack, logFileIn, ownStackFile } from './stack-file.js';

export interface LocalStack {
  readonly file: StackFile;
  /** Events that an earlier run had accepted and not applied. */
  readonly recovered: number;
  /** Whether the change feed runs: the engine of DynamoDB has streams. */
  readonly hasChangeFeed: boolean;
  /** A warning about the existing rows. */
  readonly warning?: string;
  /** Stops accepting events, drains the queue and ends. @returns how many messages are left in the queue */
  stop(): Promise<number>;
}

const DRAIN_MILLISECONDS = 60_000;
/** What is not sent by then is sent after the next start: a stream keeps it for a day. */
const DRAIN_STREAMS_MILLISECONDS = 5_000;

/** @throws {LocalStackError} if the port is taken, the state cannot be used, or the stack file belongs to a running stack */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const cleanups: Cleanup[] = [];
  try {
    return await start(options, cleanups);
  } catch (error) {
    await cleanUp(cleanups);
    throw error;
  }
}

async function cleanUp(cleanups: Cleanup[]) {
  for (const cleanup of cleanups.reverse()) await cleanup();
}

async function start(options: LocalStackOptions, cleanups: Cleanup[]): Promise<LocalStack> {
  const activity = createActivityLog();
  const api: Api = { routes: new Map(), accessLogLine: () => undefined };
  // The port first, so that a second stack that was started by mistake ends immediately.
  const gateway = createGateway(api, activity.record);
  const port = await listen(gateway, options.port);
  cleanups.push(() => close(gateway));
  await claimStackFile(options.stackFile);
  if (options.stateFolder) mkdirSync(options.stateFolder, { recursive: true });

  const services = await startServices(options, cleanups);
  const pids: Record<string, number> = {};
  let announce = () => {};
  const onProcess = (name: string, pid: number) => {
    pids[name] = pid;
    announce();
  };
  const onLine = lineWriter(options, activity);
  const functions = await startFunctions({ ...services, onLine, onProcess, onStop: (stop) => cleanups.push(stop) });
  const parts = { ...services, functions, activity };
  openApi(api, parts);
  const sources = startEventSources(parts);
  const { template, aws, resources, changeFeed } = services;
  const streams = await startStreamSources(template, aws, resources, invokerOf(parts), cleanups);

  const [path] = [...api.routes.keys()].map((route) => route.split(' ')[1]);
  const urls: { webhookUrl: string; consoleUrl: string | null } = {
    webhookUrl: `http://127.0.0.1:${port}${path}`,
    consoleUrl: null,
  };
  const describe = () => describeStack(options, services, urls, pids);
  const context = () => ({
    ...{ stack: describe(), template, resources, activity },
    ...(changeFeed ? { changeFeed: changeFeed.bus } : {}),
  });
  if (options.console)
    urls.consoleUrl = await serveConsole(options.console, port + 1, context, (stop) => cleanups.push(stop));

  const file = ownStackFile(options.stackFile);
  announce = () => file.write(describe());
  announce();
  cleanups.push(file.remove);
  const { queueUrl } = describe();
  return {
    file: describe(),
    recovered: services.recovered.get(queueUrl) ?? 0,
    hasChangeFeed: changeFeed !== undefined,
    ...(services.warning ? { warning: services.warning } : {}),
    async stop() {
      await close(gateway);
      const left = await drain(sources);
      await Promise.all(streams.map((stream) => stream.drain(DRAIN_STREAMS_MILLISECONDS)));
      await cleanUp(cleanups);
      return left;
    },
  };
}

function lineWriter({ stateFolder, onLine, onNotice }: LocalStackOptions, activity: ActivityLog) {
  const write = stateFolder === undefined ? () => {} : openFunctionLog(logFileIn(stateFolder), onNotice);
  return (functionName: string, printed: string) => {
    const at = Date.now();
    const line = stamped(functionName, printed, at);
    activity.record({ kind: 'line', at, functionName, line });
    write(line);
    onLine(functionName, line);
  };
}

async function drain(sources: readonly EventSource[]): Promise<number> {
  const left = await Promise.all(sources.map((source) => source.drain(DRAIN_MILLISECONDS)));
  return left.reduce((sum, count) => sum + count, 0);
}
