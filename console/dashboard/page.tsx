/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The stack's CloudWatch dashboard, drawn with the metrics of this machine.

import type { FC } from 'hono/jsx';
import type { Entry } from '../events/history.js';
import { Empty } from '../shell/elements.js';
import { eventLink, printable, time } from '../shell/format.js';
import { Layout } from '../shell/layout.js';
import type { AlarmState } from './alarms.js';
import { meaningsOf } from './meanings.js';
import type { MetricWidget, Widget } from './widgets.js';

export interface DashboardPageProps {
  readonly widgets: readonly Widget[];
  readonly alarms: readonly AlarmState[];
  readonly failures: readonly Entry[];
}

export const DashboardPage: FC<DashboardPageProps> = ({ widgets, alarms, failures }) => (
  <Layout
    title="Dashboard"
    path="/dashboard"
    styles={['uplot.css', 'dashboard.css']}
    scripts={['dashboard.js']}
    intro="The CloudWatch dashboard that a deployment creates, with the metrics of this machine: the last 15 minutes in steps of 10 seconds. On AWS a step is 5 minutes. Point at a title to see what the metrics mean."
  >
    <div class="widgets">
      {widgets.map((widget, i) => (
        <WidgetView widget={widget} id={String(i)} alarms={alarms} failures={failures} />
      ))}
    </div>
  </Layout>
);

type WidgetViewProps = Pick<DashboardPageProps, 'alarms' | 'failures'> & {
  readonly widget: Widget;
  readonly id: string;
};

const WidgetView: FC<WidgetViewProps> = ({ widget, id, alarms, failures }) => {
  switch (widget.type) {
    case 'text':
      return <h2 class="wide">{widget.text}</h2>;
    case 'alarm':
      return (
        <section class="card wide" aria-labelledby="alarms">
          <h2 id="alarms">{widget.title}</h2>
          <div id="alarm-states">
            <AlarmStates alarms={alarms} />
          </div>
        </section>
      );
    case 'log':
      return <Failures title={widget.title} id={id} failures={failures} />;
    default:
      return <Graph widget={widget} id={id} />;
  }
};

export const AlarmStates: FC<{ alarms: readonly AlarmState[] }> = ({ alarms }) => (
  <ul class="alarms">
    {alarms.map(({ name, state, impact, condition }) => (
      <li class={state === 'ALARM' ? 'bad' : 'good'} title={`${condition}. ${impact}`}>
        <strong>{state}</strong> {name}
      </li>
    ))}
  </ul>
);

const Failures: FC<{ title: string; id: string; failures: readonly Entry[] }> = ({ title, id, failures }) => (
  <section class="card widget" aria-labelledby={`widget-${id}`}>
    <h3 id={`widget-${id}`}>{title}</h3>
    {failures.length === 0 ? <Empty>None.</Empty> : null}
    <ul class="failures">
      {failures.map(({ at, eventId, eventType = 'a message', reason = '' }) => (
        <li>
          {time(at)} {eventId ? <a href={eventLink(eventId)}>{printable(eventType)}</a> : printable(eventType)}:{' '}
          {printable(reason)}
        </li>
      ))}
    </ul>
  </section>
);

const Graph: FC<{ widget: MetricWidget; id: string }> = ({ widget, id }) => (
  <section class="card widget" aria-labelledby={`widget-${id}`}>
    <GraphTitle widget={widget} id={id} />
    {widget.isCountedLocally ? (
      <>
        <div class="graph" data-widget={id} role="img" aria-label={`${widget.title}, over the last 15 minutes`} />
        <LatestValues widget={widget} id={id} />
      </>
    ) : (
      <Empty>Only AWS counts this; the local stack has no values.</Empty>
    )}
  </section>
);

/** The meaning appears when the title is pointed at, or the button is focused. */
const GraphTitle: FC<{ widget: MetricWidget; id: string }> = ({ widget, id }) => (
  <div class="title">
    <h3 id={`widget-${id}`}>{widget.title}</h3>
    <button type="button" class="about" aria-label={`About ${widget.title}`} aria-describedby={`about-${id}`}>
      ?
    </button>
    <div role="tooltip" id={`about-${id}`} class="meaning">
      <dl>
        {meaningsOf(widget).map(({ label, meaning }) => (
          <>
            <dt>{label}</dt>
            <dd>{meaning}</dd>
          </>
        ))}
      </dl>
    </div>
  </div>
);

const LatestValues: FC<{ widget: MetricWidget; id: string }> = ({ widget, id }) => (
  <details>
    <summary>As a table</summary>
    <table data-latest={id}>
      <caption class="hidden">{widget.title}: latest value</caption>
      <thead>
        <tr>
          <th scope="col">Line</th>
          <th scope="col" class="number">
            Latest
          </th>
          <th scope="col" class="number">
            Highest
          </th>
        </tr>
      </thead>
      <tbody>
        {widget.sources
          .filter(({ visible }) => visible)
          .map(({ label }) => (
            <tr>
              <th scope="row">{label}</th>
              <td class="number">–</td>
              <td class="number">–</td>
            </tr>
          ))}
      </tbody>
    </table>
  </details>
);
