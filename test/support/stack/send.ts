// Sends events as Stripe does: several in parallel, and again those that were not answered with 200.

import type { Event } from '../builders/history.js';

export async function sendAll(
  post: (event: Event) => Promise<{ status: number }>,
  events: readonly Event[],
  concurrency: number,
): Promise<{ retried: number }> {
  const queue = events.values();
  let retried = 0;
  const sender = async () => {
    for (const event of queue) {
      while ((await post(event).catch(() => ({ status: 0 }))).status !== 200) {
        retried++;
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, sender));
  return { retried };
}
