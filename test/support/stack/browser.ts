// The console in a real browser, if this machine has one.

import { existsSync, readFileSync } from 'node:fs';
import { describe } from '@jest/globals';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type LocalStackUnderTest, type StartOptions, startStack } from './local-stack.js';

const PATHS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The path of Chromium; undefined if there is none, and the tests that need it are skipped with a warning. */
export const CHROMIUM = PATHS.find((path) => path !== undefined && existsSync(path));

/** Jest runs no hook of a file whose tests are all skipped, so that without Chromium no stack starts either. */
export const describeInBrowser = CHROMIUM ? describe : describe.skip;

const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM!, args: FLAGS.split(' ') });
}

export interface Opened {
  readonly page: Page;
  /** Errors in the page's scripts, and what its Content-Security-Policy blocked. */
  readonly complaints: string[];
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED/.test(message.text()))
      complaints.push(message.text());
  });
  return { page, complaints };
}

export interface ConsoleUnderTest extends Opened {
  readonly stack: LocalStackUnderTest;
  readonly browser: Browser;
  /** The address of a page, such as `transactions?state=deleted`. */
  url(path?: string): string;
  /** Opens a page and waits until its scripts have run. */
  visit(path?: string, page?: Page): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a stack and a browser, with a page of a desktop's size. */
export async function startConsole(options: StartOptions = {}): Promise<ConsoleUnderTest> {
  const [stack, browser] = await Promise.all([startStack(options), launchBrowser()]);
  const opened = await openPage(browser, { viewport: { width: 1440, height: 900 } });
  const url = (path = '') => `${stack.file.consoleUrl}${path}`;
  const started: ConsoleUnderTest = {
    ...opened,
    stack,
    browser,
    url,
    async visit(path = '', page = opened.page) {
      await page.goto(url(path));
      // The status comes from the stream that a script opens.
      await page.locator('#state', { hasText: 'queue' }).waitFor();
    },
    async stop() {
      await browser.close();
      // A test may have restarted it.
      await started.stack.stop();
    },
  };
  return started;
}

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { target: unknown }[] }[] }>;
}

/** The accessibility violations that axe finds in a page. */
export async function violations(page: Page): Promise<string[]> {
  // Through the debugger, because the page's own policy would block it.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations: found } = await (globalThis as unknown as { axe: Axe }).axe.run();
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
  });
}

/** Whether a page is wider than its window. */
export function overflows(page: Page): Promise<boolean> {
  return page.evaluate('document.documentElement.scrollWidth > innerWidth');
}
