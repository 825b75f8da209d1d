import { expect, test } from '@jest/globals';
import { readKeys } from '../../functions/domain/metadata.js';
import { rule } from '../support/rule.js';

const keys = (metadata: unknown) => {
  const { issues, ...found } = readKeys(metadata);
  return found;
};

test(rule('A value is used as it stands after trimming white space; an empty one counts as absent.'), () => {
  expect(keys({ customer_key: '  a b\t', partner_key: '', product_key: ' ' })).toEqual({ customer_key: 'a b' });
  const long = 'ß'.repeat(500);
  expect(keys({ customer_key: 'ключ 鍵', product_key: long })).toEqual({ customer_key: 'ключ 鍵', product_key: long });
});

test(rule('Metadata that is absent, null or not an object is empty.'), () => {
  for (const metadata of [undefined, null, 'customer_key', 7, ['customer_key']]) expect(keys(metadata)).toEqual({});
});

test(
  rule('`gspk` (a base64 partner key, as the referral link carries it) stands in for an absent `partner_key`.'),
  () => {
    const of = (gspk: string) => keys({ gspk }).partner_key;
    expect([of('cDk='), of('cDk'), of(' cDk= ')]).toEqual(['p9', 'p9', 'p9']);
    // `subjects?>` needs the two characters in which base64 and base64url differ.
    expect([of('c3ViamVjdHM/Pg=='), of('c3ViamVjdHM_Pg=='), of('c3ViamVjdHM_Pg')]).toEqual(Array(3).fill('subjects?>'));
    expect(keys({ gspk: 'cDk=', partner_key: 'own' })).toEqual({ partner_key: 'own' });
    expect(keys({ gspk: 'cDk=', partner_key: ' ' })).toEqual({ partner_key: 'p9' });
  },
);

test('an undecodable gspk is absent, and counted', () => {
  for (const gspk of ['!!!', 'a', 'cDk==', '/w==', 7, { nested: 'cDk=' }]) {
    expect(readKeys({ gspk })).toEqual({ issues: ['gspk_undecodable'] });
  }
  expect(readKeys({ gspk: '' })).toEqual({ issues: [] });
});

test(
  rule(
    'A key or id with half a surrogate pair, and a key longer than 2,048 bytes of UTF-8, counts as absent and is counted.',
  ),
  () => {
    expect(readKeys({ customer_key: 'x'.repeat(2048) }).customer_key).toHaveLength(2048);
    expect(readKeys({ customer_key: 'ß'.repeat(1025) })).toEqual({ issues: ['customer_key_unusable'] });
    expect(readKeys({ partner_key: 'half \ud83d' })).toEqual({ issues: ['partner_key_unusable'] });
  },
);

test(rule('So does a metadata value that is no string.'), () => {
  expect(readKeys({ customer_key: { name: 'x' }, product_key: 7, partner_key: ['p'] })).toEqual({
    issues: ['customer_key_unusable', 'product_key_unusable', 'partner_key_unusable'],
  });
  expect(readKeys({ customer_key: null })).toEqual({ issues: [] });
});

test('keys that JavaScript objects have from birth are no metadata', () => {
  expect(keys(JSON.parse('{"__proto__":{"customer_key":"x"}}'))).toEqual({});
});
