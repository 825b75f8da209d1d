// Makes a failure small: fewer events, then fewer steps that matter, then fewer changes from worker to worker.

import type { Action } from './actions.js';
import { type Failure, type PartsOf, replay } from './simulate.js';

/** @returns the smallest failure found, which is right again if any event or step is left out */
export async function shrink(found: Failure, partsOf?: PartsOf): Promise<Failure> {
  let best = found;
  const attempt = async (messages: Failure['messages'], actions: readonly Action[]) => {
    const failure = await replay(best, messages, actions, partsOf);
    if (!failure || weight(failure) >= weight(best)) return false;
    best = failure;
    return true;
  };
  for (let before = Number.POSITIVE_INFINITY; weight(best) < before; ) {
    before = weight(best);
    for (let i = best.messages.length - 1; i >= 0; i--) await attempt(best.messages.toSpliced(i, 1), best.actions);
    for (let size = Math.ceil(best.actions.length / 2); size >= 1; size = Math.floor(size / 2)) {
      for (let i = best.actions.length - size; i >= 0; i--)
        await attempt(best.messages, best.actions.toSpliced(i, size));
    }
    for (let i = 0; i < best.actions.length; i++) {
      for (const simpler of simplerThan(best.actions[i]!)) await attempt(best.messages, best.actions.with(i, simpler));
    }
    for (let i = 1; i < best.actions.length; i++) {
      const { worker } = best.actions[i]!;
      const at = best.actions.slice(0, i).findLastIndex((action) => action.worker === worker);
      if (at >= 0 && at < i - 1) {
        await attempt(best.messages, best.actions.toSpliced(i, 1).toSpliced(at + 1, 0, best.actions[i]!));
      }
    }
  }
  return best;
}

/** First what happened to it, then how much there is to read, then how often the eye has to jump. */
function weight({ messages, actions, words }: Failure): number {
  const odd = actions.filter((action) => !(action.do === 'request' && action.fate === 'landed')).length;
  const switches = actions.filter((action, i) => i > 0 && actions[i - 1]!.worker !== action.worker).length;
  return messages.length * 1e6 + odd * 1e4 + words.length * 100 + switches;
}

function simplerThan(action: Action): Action[] {
  if (action.do === 'request' && action.fate !== 'landed') return [{ ...action, fate: 'landed' }];
  if (action.do === 'item' && action.stale) return [{ ...action, stale: false }];
  if (action.do === 'deliver' && action.messages.length > 1) {
    return action.messages.map((_, i) => ({ ...action, messages: action.messages.toSpliced(i, 1) }));
  }
  return [];
}
