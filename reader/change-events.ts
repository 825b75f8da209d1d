// The events of the change feed, as EventBridge delivers them: types for consumers.

import type { CustomerChangeType, FEED_SOURCE, RowChange, TransactionChangeType } from '../contract/change-feed.js';
import type { DeletedTransaction, RecordedTransaction } from '../functions/domain/change.js';
import type { Customer, Transaction } from './reader.js';

export type { CustomerChangeType, RowChange, TransactionChangeType };

/** What EventBridge puts around the `detail`: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
interface Envelope<Type extends string, Before, After> {
  /** Another one each time that the event is sent: know an event by the row's `id` and `sequence`. */
  readonly id: string;
  readonly source: typeof FEED_SOURCE;
  readonly 'detail-type': Type;
  readonly account: string;
  readonly region: string;
  /** When the row changed, ISO 8601, in whole seconds. */
  readonly time: string;
  readonly detail: Omit<RowChange<unknown>, 'before' | 'after'> & { readonly before: Before; readonly after: After };
}

/** An event about a row of `transactions`, by its `detail-type`. */
export type TransactionEvent =
  | Envelope<'transaction.recorded', null, RecordedTransaction>
  | Envelope<'transaction.deleted', RecordedTransaction | null, DeletedTransaction>
  | Envelope<'transaction.restored', DeletedTransaction, RecordedTransaction>
  | Envelope<'transaction.attributed' | 'transaction.adjusted', Transaction, Transaction>;

/** An event about a row of `customers`. `name` and `email` are present only with `personalData: true`. */
export type CustomerEvent =
  | Envelope<'customer.created', null, Customer>
  | Envelope<'customer.referred' | 'customer.updated', Customer, Customer>;

export type ChangeFeedEvent = TransactionEvent | CustomerEvent;
