// Keys in metadata.

import { describe, expect, test } from '@jest/globals';
import { readKeys } from '../../functions/domain/metadata.js';
import { rule } from '../support/rule.js';

const keys = (metadata: unknown) => {
  const { issues, ...found } = readKeys(metadata);
  return found;
};

describe('keys are read from metadata, and unusable values count as absent', () => {
  test(rule('Values are trimmed; an empty value counts as absent.'), () => {
    expect(keys({ customer_key: '  a b\t', partner_key: '', product_key: ' ' })).toEqual({ customer_key: 'a b' });
    const long = 'ß'.repeat(500);
    expect(keys({ customer_key: 'ключ 鍵', product_key: long })).toEqual({
      customer_key: 'ключ 鍵',
      product_key: long,
    });
  });

  test(rule('Metadata that is absent, null or not an object counts as empty.'), () => {
    for (const metadata of [undefined, null, 'customer_key', 7, ['customer_key']]) expect(keys(metadata)).toEqual({});
  });

  test(
    rule(
      '`gspk` (a base64-encoded partner key, as the referral link carries it) is used when `partner_key` is absent.',
    ),
    () => {
      const of = (gspk: string) => keys({ gspk }).partner_key;
      expect([of('cDk='), of('cDk'), of(' cDk= ')]).toEqual(['p9', 'p9', 'p9']);
      // `subjects?>` needs the two characters in which base64 and base64url differ.
      expect([of('c3ViamVjdHM/Pg=='), of('c3ViamVjdHM_Pg=='), of('c3ViamVjdHM_Pg')]).toEqual(
        Array(3).fill('subjects?>'),
      );
      expect(keys({ gspk: 'cDk=', partner_key: 'own' })).toEqual({ partner_key: 'own' });
      expect(keys({ gspk: 'cDk=', partner_key: ' ' })).toEqual({ partner_key: 'p9' });
      expect(readKeys({ partner_key: 'own' }, { gspk: 'cDk=' }).partner_key).toBe('own');
      expect(readKeys({ gspk: 'cDk=' }, { partner_key: 'own' }).partner_key).toBe('p9');
    },
  );

  test(rule('So does a `gspk` that is not base64 of such text.'), () => {
    for (const gspk of ['!!!', 'a', 'cDk==', '/w==', 7, { nested: 'cDk=' }]) {
      expect(readKeys({ gspk })).toEqual({ issues: ['gspk_undecodable'] });
    }
    expect(readKeys({ gspk: '' })).toEqual({ issues: [] });
  });

  test(
    rule(
      'A metadata value that is not a string, is not valid Unicode, or has more than 2,048 bytes of UTF-8 counts as absent.',
    ),
    () => {
      expect(readKeys({ customer_key: 'x'.repeat(2048) }).customer_key).toHaveLength(2048);
      expect(readKeys({ customer_key: 'ß'.repeat(1025) })).toEqual({ issues: ['customer_key_unusable'] });
      expect(readKeys({ partner_key: 'half \ud83d' })).toEqual({ issues: ['partner_key_unusable'] });
    },
  );

  test(rule('The metric `MetadataUnusable` counts these values.'), () => {
    expect(readKeys({ customer_key: { name: 'x' }, product_key: 7, partner_key: ['p'] })).toEqual({
      issues: ['customer_key_unusable', 'product_key_unusable', 'partner_key_unusable'],
    });
    expect(readKeys({ customer_key: null })).toEqual({ issues: [] });
  });
});

test('names that every JavaScript object inherits are not metadata', () => {
  expect(keys(JSON.parse('{"__proto__":{"customer_key":"x"}}'))).toEqual({});
});
