// The three settings of a deployment: which events make a transaction, what a partial refund does, which mode counts.

/** Where transactions come from: `charge.*` events, or `invoice.payment_succeeded`. */
export const TRANSACTION_SOURCES = ['charge', 'invoice'] as const;
export type TransactionSource = (typeof TRANSACTION_SOURCES)[number];

/** `delete`: any true refund deletes the transaction. `net`: only a full one does, a part lowers `amount_net`. */
export const PARTIAL_REFUNDS = ['delete', 'net'] as const;
export type PartialRefund = (typeof PARTIAL_REFUNDS)[number];

/** Events of which Stripe mode are applied. */
export const LIVEMODES = ['live', 'test', 'both'] as const;
export type Livemode = (typeof LIVEMODES)[number];

export interface Settings {
  readonly transactionSource: TransactionSource;
  readonly partialRefund: PartialRefund;
  readonly livemode: Livemode;
}

export const DEFAULT_SETTINGS: Settings = { transactionSource: 'charge', partialRefund: 'delete', livemode: 'both' };

/** A setting has a value that it does not know; the message names the valid ones. */
export class InvalidSettingError extends Error {
  override readonly name = 'InvalidSettingError';
  constructor(
    readonly setting: string,
    readonly value: unknown,
    readonly valid: readonly string[],
  ) {
    super(`${setting} is ${JSON.stringify(value)}; use one of: ${valid.join(', ')}`);
  }
}

/**
 * Reads settings from plain strings (a function's environment, CDK context, command line flags).
 *
 * @param input the values as given; an absent one takes its default
 * @throws {InvalidSettingError} for a value that is not in the setting's list
 */
export function parseSettings(input: { readonly [K in keyof Settings]?: unknown }): Settings {
  return {
    transactionSource: oneOf('transactionSource', input.transactionSource, TRANSACTION_SOURCES),
    partialRefund: oneOf('partialRefund', input.partialRefund, PARTIAL_REFUNDS),
    livemode: oneOf('livemode', input.livemode, LIVEMODES),
  };
}

function oneOf<T extends string>(setting: keyof Settings, value: unknown, valid: readonly T[]): T {
  if (value === undefined) return DEFAULT_SETTINGS[setting] as T;
  if (valid.includes(value as T)) return value as T;
  throw new InvalidSettingError(setting, value, valid);
}
