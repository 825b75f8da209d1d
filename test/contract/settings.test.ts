import { expect, test } from '@jest/globals';
import { DEFAULT_SETTINGS, InvalidSettingError, parseSettings } from '../../contract/settings.js';

test('an absent setting takes its default', () => {
  expect(parseSettings({})).toEqual(DEFAULT_SETTINGS);
  expect(parseSettings({ disputes: 'open' })).toEqual({ ...DEFAULT_SETTINGS, disputes: 'open' });
});

test.each([
  [{ partialRefund: 'some' }, 'partialRefund is "some"; use one of: delete, net'],
  [{ disputes: 'all' }, 'disputes is "all"; use one of: ignore, lost, open'],
  [{ amountBasis: 'net' }, 'amountBasis is "net"; use one of: paid, excluding_tax'],
])('an unknown value %j fails with an error that names the valid ones', (input, message) => {
  expect(() => parseSettings(input)).toThrow(InvalidSettingError);
  expect(() => parseSettings(input)).toThrow(message);
});

test('`excluding_tax` is rejected in charge mode, because a charge does not state its tax', () => {
  expect(() => parseSettings({ amountBasis: 'excluding_tax' })).toThrow(
    'amountBasis is "excluding_tax" while transactionSource is "charge", and a charge does not state its tax; use one of: paid',
  );
  const settings = parseSettings({ amountBasis: 'excluding_tax', transactionSource: 'invoice' });
  expect(settings.amountBasis).toBe('excluding_tax');
});
