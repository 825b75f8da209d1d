// Tables as values: each content that the tables can have has a number, and each request is answered once for each content
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

/** What a request does to the items of its footprint. */
interface Effect {
  readonly answer: Answer;
  /** The place of each item that it may write, and the item's number after it. */
  readonly written: readonly (readonly [place: number, item: number])[];
}

/** Numbers values by their text, in the order in which they come. */
class Numbering<T> {
  readonly #numbers = new Map<string, number>();
  readonly #values: T[];
  /** @param reserved values that have the first numbers, and no text */
  constructor(...reserved: T[]) {
    this.#values = reserved;
  }
  number(text: string, make: (number: number) => T): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#values.length;
    this.#values.push(make(number));
    this.#numbers.set(text, number);
    return number;
  }
  value(number: number): T {
    return this.#values[number]!;
  }
  texts(): string[] {
    return [...this.#numbers.keys()];
  }
}

/** The items that the tables ever held, in an engine that holds those of one content. */
function itemsIn(engine: MemoryEngine) {
  /** The place of each item in a content. */
  const places = new Numbering<string>();
  /** Items by the number in a content; 0 is no item. */
  const items = new Numbering<Item | undefined>(undefined);
  const placeOf = (text: string) => places.number(text, () => text);
  return {
    placeOf,
    known: () => places.texts(),
    /** The engine holds these items, as they are in a content, and nothing else. */
    load(texts: readonly string[], numbers: readonly number[]) {
      engine.clear();
      for (const text of texts) {
        const item = items.value(numbers[placeOf(text)] ?? 0);
        if (!item) continue;
        engine.answer('BatchWriteCommand', {
          RequestItems: { [itemAt(text).table]: [{ PutRequest: { Item: item } }] },
        });
      }
    },
    /** The number of an item as the engine holds it. */
    read(text: string): number {
      const { table, key } = itemAt(text);
      const { Item } = engine.answer('GetCommand', { TableName: table, Key: key, ConsistentRead: true }) as {
        Item?: Item;
      };
      return Item ? items.number(JSON.stringify(sorted(Item)), () => Item) : 0;
    },
  };
}

/** What each request does, found out once for each content of the items in its footprint. */
function effectsIn(engine: MemoryEngine, { placeOf, known, load, read }: ReturnType<typeof itemsIn>) {
  const answers = new Numbering<Answer>();
  /** By request and the items of its footprint. */
  const effects = new Map<string, Effect>();
  const answerOf = (request: Request): Answer => {
    const numbered = (answer: Omit<Answer, 'id'>, text: string) =>
      answers.value(answers.number(text, (id) => ({ ...answer, id })));
    try {
      const output = engine.answer(request.name, request.input);
      return numbered({ output }, JSON.stringify(sorted(output)));
    } catch (error) {
      if ((error as Error).name !== 'ConditionalCheckFailedException') throw error;
      return numbered({ error: error as Error }, `error ${(error as Error).name}`);
    }
  };
  /** The engine holds only the items of the footprint, so a request that reads another one fails to find it. */
  return (request: Request, numbers: readonly number[]): Effect => {
    const { reads, writes, prefix } = request.footprint;
    const queried =
      prefix === undefined
        ? []
        : known()
            .filter((text) => text.startsWith(prefix))
            .sort();
    const touched = [...reads, ...writes, ...queried];
    const key = `${request.id}:${touched.map((text) => numbers[placeOf(text)] ?? 0).join()}`;
    let effect = effects.get(key);
    if (!effect) {
      load(touched, numbers);
      const answer = answerOf(request);
      effect = { answer, written: writes.map((text) => [placeOf(text), read(text)] as const) };
      effects.set(key, effect);
    }
    return effect;
  };
}

export function valueTables(engine: MemoryEngine) {
  const items = itemsIn(engine);
  const effectOf = effectsIn(engine, items);
  const requests = new Numbering<Request>();
  const contents = new Numbering<readonly number[]>();
  /** By request and content. */
  const steps = new Map<number, Step>();
  const contentOf = (numbers: readonly number[]) => contents.number(numbers.join(), () => numbers);
  return {
    request(name: string, input: unknown): Request {
      const what = `${name.replace('Command', '')} ${JSON.stringify(input)}`;
      return requests.value(requests.number(what, (id) => ({ id, name, input, footprint: footprintOf(input), what })));
    },
    /** The number of empty tables. */
    empty: contentOf([]),
    /** What a request is answered, and what the tables hold after it. */
    step(request: Request, content: number): Step {
      const key = request.id * 2 ** 26 + content;
      let step = steps.get(key);
      if (!step) {
        const numbers = contents.value(content);
        const { answer, written } = effectOf(request, numbers);
        step = { answer, content: written.length === 0 ? content : contentOf(replaced(numbers, written)) };
        steps.set(key, step);
      }
      return step;
    },
    rows(content: number): Rows {
      items.load(items.known(), contents.value(content));
      return engine.rows();
    },
  };
}

/** A content with other items in some places; places without an item at its end are left out. */
function replaced(numbers: readonly number[], written: Effect['written']): number[] {
  const after = [...numbers];
  for (const [place, number] of written) {
    while (after.length < place) after.push(0);
    after[place] = number;
  }
  while (after.at(-1) === 0) after.pop();
  return after;
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
