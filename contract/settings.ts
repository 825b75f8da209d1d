// The settings of a deployment: which events make a transaction, what reverses it, and which mode counts.

/** Where transactions come from: `charge.*` events, or paid invoices. */
export const TRANSACTION_SOURCES = ['charge', 'invoice'] as const;
export type TransactionSource = (typeof TRANSACTION_SOURCES)[number];

/** `delete`: any refund deletes the transaction. `net`: only a full refund does; a partial one lowers `amount_net`. */
export const PARTIAL_REFUNDS = ['delete', 'net'] as const;
export type PartialRefund = (typeof PARTIAL_REFUNDS)[number];

/** The Stripe mode whose events are applied. */
export const LIVEMODES = ['live', 'test', 'both'] as const;
export type Livemode = (typeof LIVEMODES)[number];

/** `lost`: a lost dispute takes its amount back. `open`: so does a dispute for which Stripe is holding the money. */
export const DISPUTES = ['ignore', 'lost', 'open'] as const;
export type Disputes = (typeof DISPUTES)[number];

/** `excluding_tax`: an invoice counts without its tax. Invoices only: a charge does not state its tax. */
export const AMOUNT_BASES = ['paid', 'excluding_tax'] as const;
export type AmountBasis = (typeof AMOUNT_BASES)[number];

export interface Settings {
  /**
   * Where transactions come from: charges, or paid invoices.
   *
   * @default 'charge'
   * @example 'invoice'
   */
  readonly transactionSource: TransactionSource;
  /**
   * What a partial refund does: it deletes the transaction, or it lowers `amount_net`.
   *
   * @default 'delete'
   * @example 'net'
   */
  readonly partialRefund: PartialRefund;
  /**
   * The Stripe mode whose events are applied. Each deployed stage must name one.
   *
   * @default 'both' in the local stack
   * @example 'live'
   */
  readonly livemode: Livemode;
  /**
   * Which disputes take their amount back: none, those that were lost, or all for which Stripe is holding the money.
   *
   * @default 'lost'
   * @example 'open'
   */
  readonly disputes: Disputes;
  /**
   * Whether an invoice counts with its tax. `excluding_tax` needs `transactionSource: 'invoice'`.
   *
   * @default 'paid'
   * @example 'excluding_tax'
   */
  readonly amountBasis: AmountBasis;
}

export const DEFAULT_SETTINGS: Settings = {
  transactionSource: 'charge',
  partialRefund: 'delete',
  livemode: 'both',
  disputes: 'lost',
  amountBasis: 'paid',
};

export const SETTING_NAMES = Object.keys(DEFAULT_SETTINGS) as readonly (keyof Settings)[];

/** The environment variable that gives each setting to a function. */
export const SETTINGS_ENVIRONMENT: Readonly<Record<keyof Settings, string>> = {
  transactionSource: 'TRANSACTION_SOURCE',
  partialRefund: 'PARTIAL_REFUND',
  livemode: 'LIVEMODE',
  disputes: 'DISPUTES',
  amountBasis: 'AMOUNT_BASIS',
};

/** A setting has a value that is not valid, alone or with another setting; the message names the valid ones. */
export class InvalidSettingError extends Error {
  override readonly name = 'InvalidSettingError';
  constructor(
    readonly setting: keyof Settings,
    readonly value: unknown,
    readonly valid: readonly string[],
    condition = '',
  ) {
    super(`${setting} is ${JSON.stringify(value)}${condition}; use one of: ${valid.join(', ')}`);
  }
}

/**
 * Reads settings from plain strings (a function's environment, CDK context, command line flags).
 *
 * @param input the values as given; an absent one takes its default
 * @throws {InvalidSettingError} for a value that is not in the setting's list, and for `excluding_tax` in charge mode
 */
export function parseSettings(input: { readonly [K in keyof Settings]?: unknown }): Settings {
  const settings: Settings = {
    transactionSource: oneOf('transactionSource', input.transactionSource, TRANSACTION_SOURCES),
    partialRefund: oneOf('partialRefund', input.partialRefund, PARTIAL_REFUNDS),
    livemode: oneOf('livemode', input.livemode, LIVEMODES),
    disputes: oneOf('disputes', input.disputes, DISPUTES),
    amountBasis: oneOf('amountBasis', input.amountBasis, AMOUNT_BASES),
  };
  if (settings.amountBasis === 'excluding_tax' && settings.transactionSource === 'charge') {
    const condition = ' while transactionSource is "charge", and a charge does not state its tax';
    throw new InvalidSettingError('amountBasis', settings.amountBasis, ['paid'], condition);
  }
  return settings;
}

function oneOf<T extends string>(setting: keyof Settings, value: unknown, valid: readonly T[]): T {
  if (value === undefined) return DEFAULT_SETTINGS[setting] as T;
  if (valid.includes(value as T)) return value as T;
  throw new InvalidSettingError(setting, value, valid);
}
