// What the tools ask at a terminal.

import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Stripe } from 'stripe';
import { stripeClient } from '../functions/stripe/client.js';
import { OperatorError } from './errors.js';

/** The API key comes from the environment or the prompt, never from an argument: other users can read arguments. */
export async function askForStripe(): Promise<Stripe> {
  const key = process.env.STRIPE_API_KEY || (process.stdin.isTTY ? await askSecret('Stripe API key: ') : '');
  if (!key) throw new OperatorError('set STRIPE_API_KEY to a secret or restricted API key', 2);
  return stripeClient(key);
}

/** @returns whether the person typed `yes`; false without a terminal */
export async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(`${question} Type yes: `)).trim() === 'yes';
  } finally {
    terminal.close();
  }
}

async function askSecret(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return (await terminal.question('')).trim();
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
