// SQS on this machine: fauxqs, with a journal of what is in its queues.

import { buildApp } from 'fauxqs';
import type { QueueJournal } from './queue-journal.js';

type Stores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>['stores']>;
type SqsStore = Stores['sqsStore'];
type SqsStoreClass = {
  new (): SqsStore;
  createMessage(body: string, attributes?: object): Parameters<ReturnType<SqsStore['createQueue']>['enqueue']>[0];
};

/** What the store reports as it happens, before it takes effect. */
interface QueueEvent {
  readonly status: 'published' | 'consumed' | 'dlq';
  readonly queueName: string;
  readonly messageId: string;
  readonly body: string;
  readonly messageAttributes: object;
}

/** @returns the endpoint. @param port 0: any free one */
export async function startSqs(port: number, journal: QueueJournal | undefined): Promise<string> {
  await allowEveryPlane();
  const { SqsStore } = (await importInside('./sqs/sqsStore.js')) as { SqsStore: SqsStoreClass };
  const store = new SqsStore();
  // fauxqs knows a queue by a URL whose host not every machine can look up; here the last part of its path is sufficient.
  store.getQueue = (url) => store.getQueueByName(url.split('/').at(-1)!);
  if (journal) keepJournal(store, SqsStore, journal);
  return buildApp({ logger: false, stores: { sqsStore: store } as Stores }).listen({ port, host: '127.0.0.1' });
}

/** Notes each message before it is accepted, and gives a queue that is created what an earlier run had left in it. */
function keepJournal(
  store: SqsStore,
  { createMessage, prototype }: SqsStoreClass & { prototype: SqsStore },
  journal: QueueJournal,
) {
  const moving = new Set<string>();
  const addMessage = ({ status, queueName, messageId, body, messageAttributes }: QueueEvent) => {
    if (status === 'consumed') return journal.deleted(messageId);
    if (status === 'dlq') return void moving.add(messageId);
    try {
      const attributes = Object.keys(messageAttributes).length > 0 ? { attributes: messageAttributes } : {};
      journal.sent(messageId, { queue: queueName, body, ...attributes });
    } catch (error) {
      // fauxqs has already taken a moving message out of its first queue, where the journal still has it.
      if (!moving.has(messageId)) throw error;
    } finally {
      moving.delete(messageId);
    }
  };
  Object.assign(store, { spy: { addMessage } });
  store.createQueue = (name, ...rest) => {
    const queue = prototype.createQueue.call(store, name, ...rest);
    for (const [messageId, { queue: itsQueue, body, attributes }] of journal.messages)
      if (itsQueue === name) queue.enqueue({ ...createMessage(body, attributes), messageId });
    return queue;
  };
}

/** fauxqs refuses characters above U+FFFF, which SQS accepts: every emoji. */
async function allowEveryPlane(): Promise<void> {
  const { INVALID_MESSAGE_BODY_CHAR } = (await importInside('./sqs/sqsTypes.js')) as {
    INVALID_MESSAGE_BODY_CHAR: RegExp;
  };
  INVALID_MESSAGE_BODY_CHAR.test = (body) => /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(body);
}

/** The package exports only its main entry; its version is pinned, and a test fails if this stops working. */
function importInside(path: string): Promise<unknown> {
  return import(new URL(path, import.meta.resolve('fauxqs')).href);
}
