/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// Elements that several pages use.

import type { Child, FC } from 'hono/jsx';
import { printable } from './format.js';

/** Shown where there is no data yet; says what to do next. */
export const Empty: FC<{ children?: Child }> = ({ children }) => <p class="empty">{children}</p>;

/** A region that scrolls sideways when its content is too wide, by keyboard too. */
export const Scroll: FC<{ label: string; children?: Child }> = ({ label, children }) => (
  <section class="scroll" aria-label={label} tabindex={0}>
    {children}
  </section>
);

export const Copy: FC<{ id: string; what: string }> = ({ id, what }) => (
  <button type="button" class="quiet" data-copy={id} aria-label={`Copy ${what}`}>
    Copy
  </button>
);

/** A row of a table, attribute by attribute. Names that begin with `_` are internal and not shown. */
export const Attributes: FC<{ row: object }> = ({ row }) => (
  <dl class="facts">
    {visibleAttributes(row).map(([name, value]) => (
      <>
        <dt>{name}</dt>
        <dd>{printable(String(value))}</dd>
      </>
    ))}
  </dl>
);

export function visibleAttributes(row: object): [string, unknown][] {
  return Object.entries(row).filter(([name]) => !name.startsWith('_'));
}

/** Marks a row of Stripe's test mode. */
export const ModeBadge: FC<{ livemode: boolean | undefined }> = ({ livemode }) =>
  livemode === undefined ? null : (
    <span class={livemode ? 'mode live' : 'mode test'}>{livemode ? 'live' : 'test'}</span>
  );
