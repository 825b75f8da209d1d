// The events of the change feed, as other teams receive them from EventBridge: see docs/change-feed.md.

/** The `source` of every event. */
export const FEED_SOURCE = 'stripe-partner-sync';

export const TRANSACTION_CHANGES = [
  'transaction.recorded',
  'transaction.adjusted',
  'transaction.deleted',
  'transaction.restored',
  'transaction.attributed',
] as const;
export const CUSTOMER_CHANGES = ['customer.created', 'customer.updated', 'customer.referred'] as const;
export type TransactionChangeType = (typeof TRANSACTION_CHANGES)[number];
export type CustomerChangeType = (typeof CUSTOMER_CHANGES)[number];
export type ChangeType = TransactionChangeType | CustomerChangeType;

/** The attributes of `customers` that say who a person is. Events have them only with `personalData: true`. */
export const PERSONAL_ATTRIBUTES: readonly string[] = ['name', 'email'];

/** The `detail` of an event. */
export interface RowChange<Row> {
  /** The row's key: its `transaction_id` or `customer_key`. */
  readonly id: string;
  /**
   * Orders the events of one row: the greater one is newer. It is the row's `_revision`, which every write increments, so the
   * sequence has gaps. 0 for a row of a pre-release build that has not been written since.
   */
  readonly sequence: number;
  /** Which deployment the row belongs to, such as `stripe-partner-sync-prod/Sync`. */
  readonly stack: string;
  /** The row before the write; null if there was none, and in an event that `redrive --feed` sent. */
  readonly before: Row | null;
  readonly after: Row;
  /** The names of the attributes that differ, sorted. */
  readonly changed: readonly string[];
}
