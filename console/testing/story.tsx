/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// What the testing suite shows while it works: checks, steps, and rows before and after.

import type { FC } from 'hono/jsx';
import type { Check } from '../../cli/verify.js';
import { Scroll, visibleAttributes } from '../shell/elements.js';
import { count, printable, time } from '../shell/format.js';

export const CheckLine: FC<{ check: Check }> = ({ check: { name, ok, remedy } }) => (
  <li class={ok ? 'good' : 'bad'}>
    <span aria-hidden="true">{ok ? '✔' : '✘'}</span> {ok ? '' : 'Failed: '}
    {name}
    {remedy ? <p class="hint">{remedy}</p> : null}
  </li>
);

export interface StoryStepProps {
  readonly where: string;
  readonly text: string;
  readonly ok?: boolean;
  readonly detail?: string;
}

export const StoryStep: FC<StoryStepProps> = ({ where, text, ok = true, detail }) => (
  <li class={ok ? 'good' : 'bad'}>
    <strong>{where}</strong> <span>{printable(text)}</span> <time>{time(Date.now())}</time>
    {detail ? (
      <pre tabindex={0}>
        <code>{printable(detail)}</code>
      </pre>
    ) : null}
  </li>
);

type Rows = ReadonlyMap<string, object>;

/** The rows that an event affects, attribute by attribute, before and after. */
export const RowsChanged: FC<{ before: Rows; after: Rows }> = ({ before, after }) => {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return (
    <li class="good">
      <strong>Rows</strong> {names.length === 0 ? <span>no row exists for this event, before or after</span> : null}
      {names.map((name) => (
        <RowChange name={printable(name)} before={before.get(name) ?? {}} after={after.get(name) ?? {}} />
      ))}
    </li>
  );
};

const RowChange: FC<{ name: string; before: object; after: object }> = ({ name, before, after }) => {
  const [old, now] = [new Map(visibleAttributes(before)), new Map(visibleAttributes(after))];
  const attributes = [...new Set([...now.keys(), ...old.keys()])];
  const changed = attributes.filter((each) => show(old.get(each)) !== show(now.get(each)));
  return (
    <Scroll label={name}>
      <table>
        <caption>
          {name}{' '}
          <span class="hint">
            {changed.length === 0 ? 'nothing changed' : `${count(changed.length, 'attribute')} changed`}
          </span>
        </caption>
        <thead>
          <tr>
            <th scope="col">Attribute</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {attributes.map((each) => (
            <tr class={changed.includes(each) ? 'changed' : ''}>
              <th scope="row">{each}</th>
              <td>{show(old.get(each))}</td>
              <td>{show(now.get(each))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
};

function show(value: unknown): string {
  return value === undefined ? '–' : printable(String(value));
}
