// Another page in the same browser must be able neither to send events nor to read rows.

import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type LocalStackUnderTest, startStack } from '../support/stack/local-stack.js';

let stack: LocalStackUnderTest;
let port: number;
beforeAll(async () => {
  stack = await startStack();
  port = Number(new URL(stack.file.consoleUrl!).port);
}, 60_000);
afterAll(() => stack?.stop());

type Headers = Readonly<Record<string, string>>;

/** Not `fetch`, which would not let these headers be set. */
function ask(method: string, path: string, headers: Headers, body = '') {
  return new Promise<{ status: number; headers: Headers; body: string }>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers as Headers, body: text }),
      );
    });
    sent.on('error', reject).end(body);
  });
}

const own = () => `http://127.0.0.1:${port}`;

test('it listens on the loopback interface only', () => {
  expect(new URL(stack.file.consoleUrl!).hostname).toBe('127.0.0.1');
});

test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '127.0.0.1@evil.example'])(
  'a name that was pointed at this machine is refused: %j',
  async (host) => {
    const { status, body } = await ask('GET', '/customers', { host });
    // What is no host at all, the server below refuses already.
    expect([400, 403]).toContain(status);
    expect(body).not.toContain('<table');
  },
);

test('the console accepts both of its host names', async () => {
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) {
    expect((await ask('GET', '/customers', { host })).status).toBe(200);
  }
});

test('every request from another page is refused, whatever its path', async () => {
  const json = { 'content-type': 'application/json' };
  for (const path of ['/testing/send', '/testing/verify', '/dead-letters/redrive', '/dead-letters/delete', '/']) {
    for (const origin of [
      'https://evil.example',
      'null',
      `http://127.0.0.1:${port + 1}`,
      `https://127.0.0.1:${port}`,
    ]) {
      expect((await ask('POST', path, { ...json, origin }, '{}')).status).toBe(403);
    }
    // A browser names the page that sends a POST; a request that names none does not come from the console.
    expect((await ask('POST', path, json, '{}')).status).toBe(403);
  }
  expect((await ask('POST', '/dead-letters/redrive', { origin: own(), ...json }, '{}')).status).toBe(303);
});

test('another page can neither read nor embed a page; a link to a page works', async () => {
  for (const site of ['cross-site', 'same-site']) {
    for (const path of ['/customers.csv', '/live?feed', '/partners/report', '/dashboard/data', '/customers']) {
      expect((await ask('GET', path, { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' })).status).toBe(403);
      expect((await ask('GET', path, { origin: 'https://evil.example' })).status).toBe(403);
    }
    const frame = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' };
    expect((await ask('GET', '/customers', frame)).status).toBe(403);
    expect((await ask('GET', '/customers', { ...frame, 'sec-fetch-dest': 'document' })).status).toBe(200);
  }
});

test('every response has the Content-Security-Policy, refusals and errors too', async () => {
  for (const [path, headers] of [
    ['/', {}],
    ['/nowhere', {}],
    ['/assets/live.js', {}],
    ['/assets/..%2f..%2fpackage.json', {}],
    ['/customers.csv', {}],
    ['/customers', { host: 'evil.example' }],
  ] as const) {
    const answer = await ask('GET', path, headers);
    const policy = answer.headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  }
  expect((await ask('GET', '/assets/..%2f..%2fpackage.json', {})).status).toBe(404);
});

test('no page contains inline code or anything from another host', async () => {
  for (const path of [
    '/',
    '/testing',
    '/feed',
    '/customers',
    '/transactions',
    '/partners',
    '/dashboard',
    '/dead-letters',
  ]) {
    const { body } = await ask('GET', path, {});
    expect(body).toMatch(/^<!doctype html>/);
    expect(body).not.toMatch(/<script(?![^>]*\ssrc="\/assets\/)|<style|\sstyle="|\son\w+="|(src|href)="(https?:)?\/\//);
  }
});
