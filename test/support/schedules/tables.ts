// Tables as values: a number stands for each content that the tables can have, and each request is answered once for each content
// of the items in its footprint. Nothing is ever changed, so going back to an earlier content costs nothing.

import type { MemoryEngine } from '../emulators/memory-engine.js';
import type { Rows } from '../model/rows.js';
import { type Footprint, footprintOf, itemAt } from './footprint.js';

type Item = Readonly<Record<string, unknown>>;

export interface Request {
  readonly id: number;
  readonly name: string;
  readonly input: unknown;
  readonly footprint: Footprint;
  /** Name and input. */
  readonly what: string;
}

export interface Answer {
  readonly id: number;
  readonly output?: unknown;
  readonly error?: Error;
}

/** The tables before a request has changed them, as the number of its content. */
interface Step {
  readonly answer: Answer;
  readonly content: number;
}

export function valueTables(engine: MemoryEngine) {
  const requests = new Map<string, Request>();
  const answers = new Map<string, Answer>();
  /** The place of each item in a content. */
  const places = new Map<string, number>();
  /** Items by the number in a content; 0 is no item. */
  const items: (Item | undefined)[] = [undefined];
  const itemNumbers = new Map<string, number>();
  const contents: (readonly number[])[] = [];
  const contentNumbers = new Map<string, number>();
  /** By request and content. */
  const steps = new Map<number, Step>();
  /** By request and the items of its footprint. */
  const effects = new Map<
    string,
    { readonly answer: Answer; readonly written: readonly (readonly [number, number])[] }
  >();

  const placeOf = (text: string) => {
    const place = places.get(text) ?? places.size;
    places.set(text, place);
    return place;
  };
  const numberOf = (item: Item | undefined) => {
    if (!item) return 0;
    const text = JSON.stringify(sorted(item));
    const known = itemNumbers.get(text);
    if (known !== undefined) return known;
    itemNumbers.set(text, items.length);
    return items.push(item) - 1;
  };
  const contentOf = (numbers: readonly number[]) => {
    const text = numbers.join();
    const known = contentNumbers.get(text);
    if (known !== undefined) return known;
    contentNumbers.set(text, contents.length);
    return contents.push(numbers) - 1;
  };
  const load = (texts: readonly string[], numbers: readonly number[]) => {
    engine.clear();
    for (const text of texts) {
      const item = items[numbers[placeOf(text)] ?? 0];
      if (!item) continue;
      engine.answer('BatchWriteCommand', { RequestItems: { [itemAt(text).table]: [{ PutRequest: { Item: item } }] } });
    }
  };
  const read = (text: string) => {
    const { table, key } = itemAt(text);
    const { Item } = engine.answer('GetCommand', { TableName: table, Key: key, ConsistentRead: true }) as {
      Item?: Item;
    };
    return numberOf(Item);
  };
  const answerOf = (request: Request): Answer => {
    const about = (answer: Omit<Answer, 'id'>, text: string) => {
      const known = answers.get(text) ?? { ...answer, id: answers.size };
      answers.set(text, known);
      return known;
    };
    try {
      const output = engine.answer(request.name, request.input);
      return about({ output }, JSON.stringify(sorted(output)));
    } catch (error) {
      if ((error as Error).name !== 'ConditionalCheckFailedException') throw error;
      return about({ error: error as Error }, `error ${(error as Error).name}`);
    }
  };
  /** The engine holds only the items of the footprint, so a request that reads another one fails to find it. */
  const effectOf = (request: Request, numbers: readonly number[]) => {
    const { reads, writes, prefix } = request.footprint;
    const queried = prefix === undefined ? [] : [...places.keys()].filter((text) => text.startsWith(prefix)).sort();
    const touched = [...reads, ...writes, ...queried];
    const key = `${request.id}:${touched.map((text) => numbers[placeOf(text)] ?? 0).join()}`;
    let effect = effects.get(key);
    if (!effect) {
      load(touched, numbers);
      const answer = answerOf(request);
      effect = { answer, written: writes.map((text) => [placeOf(text), read(text)]) };
      effects.set(key, effect);
    }
    return effect;
  };

  return {
    request(name: string, input: unknown): Request {
      const what = `${name.replace('Command', '')} ${JSON.stringify(input)}`;
      const known = requests.get(what) ?? { id: requests.size, name, input, footprint: footprintOf(input), what };
      requests.set(what, known);
      return known;
    },
    /** The number of empty tables. */
    empty: contentOf([]),
    /** What a request is answered, and what the tables hold after it. */
    step(request: Request, content: number): Step {
      const key = request.id * 2 ** 26 + content;
      let step = steps.get(key);
      if (!step) {
        const numbers = contents[content]!;
        const { answer, written } = effectOf(request, numbers);
        const after = [...numbers];
        for (const [place, number] of written) {
          while (after.length < place) after.push(0);
          after[place] = number;
        }
        while (after.at(-1) === 0) after.pop();
        step = { answer, content: written.length === 0 ? content : contentOf(after) };
        steps.set(key, step);
      }
      return step;
    },
    rows(content: number): Rows {
      load([...places.keys()], contents[content]!);
      return engine.rows();
    },
  };
}

export type ValueTables = ReturnType<typeof valueTables>;

/** With its attributes in one order. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  );
}
