// When the writes that were held up in the network land: each of them draws it once, when it is first seen.

import type { Disturbances } from './profiles.js';
import type { Random } from './random.js';
import { target } from './requests.js';
import type { Copy, World } from './world.js';

type Landing = 'soon' | 'same item' | 'after a worker' | 'last' | 'never';

export interface LateCopies {
  /** A copy that lands right now; `next` is the item that the next request writes. */
  due(next: string | undefined): Copy | undefined;
  /** A copy that may still land after all work is done. */
  last(): Copy | undefined;
  /** The copy is lost in the network. */
  lose(copy: Copy): void;
}

export function createLateCopies(world: World, random: Random, may: Disturbances): LateCopies {
  const drawn = new Map<Copy, { landing: Landing; finished: number }>();
  const draw = (): Landing =>
    may.late ? random.pick(['soon', 'same item', 'same item', 'after a worker', 'last', 'last']) : 'never';
  const of = (copy: Copy) => {
    let known = drawn.get(copy);
    if (!known) {
      known = { landing: draw(), finished: world.finished };
      drawn.set(copy, known);
    }
    return known;
  };
  const isDue = (copy: Copy, next: string | undefined) => {
    const { landing, finished } = of(copy);
    if (landing === 'soon') return random.chance(0.15);
    if (landing === 'same item')
      return next !== undefined && target(copy.name, copy.input) === next && random.chance(0.7);
    return landing === 'after a worker' && world.finished > finished && random.chance(0.3);
  };
  return {
    due: (next) => world.copies.find((copy) => isDue(copy, next)),
    last: () => world.copies.find((copy) => of(copy).landing !== 'never'),
    lose: (copy) => void drawn.set(copy, { landing: 'never', finished: world.finished }),
  };
}
