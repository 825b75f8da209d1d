/** @jsxRuntime automatic @jsxImportSource hono/jsx */
// The stack's own CloudWatch dashboard, drawn with what this machine has counted.

import type { FC } from 'hono/jsx';
import type { AlarmState, Widget } from '../dashboard.js';
import type { Entry } from '../history.js';
import { Empty, Layout, time } from './layout.js';

export interface DashboardPageProps {
  readonly widgets: readonly Widget[];
  readonly alarms: readonly AlarmState[];
  readonly failures: readonly Entry[];
}

export const DashboardPage: FC<DashboardPageProps> = ({ widgets, alarms, failures }) => (
  <Layout
    title="Dashboard"
    path="/dashboard"
    styles={['uplot.css']}
    scripts={['dashboard.js']}
    intro="The very dashboard that is deployed, read from the template and drawn with what this machine counts: the last 15 minutes, by ten seconds. On AWS each point is five minutes."
  >
    <div class="widgets">
      {widgets.map((widget, i) => (
        <WidgetView widget={widget} index={i} alarms={alarms} failures={failures} />
      ))}
    </div>
  </Layout>
);

const WidgetView: FC<{ widget: Widget; index: number; alarms: readonly AlarmState[]; failures: readonly Entry[] }> = ({
  widget,
  index,
  alarms,
  failures,
}) => {
  if (widget.type === 'text') return <h2 class="wide">{widget.text}</h2>;
  if (widget.type === 'alarm')
    return (
      <section class="card wide" aria-labelledby="alarms">
        <h2 id="alarms">{widget.title}</h2>
        <div id="alarm-states">
          <AlarmStates alarms={alarms} />
        </div>
      </section>
    );
  if (widget.type === 'log')
    return (
      <section class="card widget" aria-labelledby={`widget-${index}`}>
        <h3 id={`widget-${index}`}>{widget.title}</h3>
        {failures.length === 0 ? <Empty>None.</Empty> : null}
        <ul class="failures">
          {failures.map((each) => (
            <li>
              {time(each.at)}{' '}
              {each.eventId ? (
                <a href={`/events/${encodeURIComponent(each.eventId)}`}>{each.eventType}</a>
              ) : (
                'a message'
              )}
              : {each.reason}
            </li>
          ))}
        </ul>
      </section>
    );
  return (
    <section class="card widget" aria-labelledby={`widget-${index}`}>
      <h3 id={`widget-${index}`}>{widget.title}</h3>
      {widget.uncounted ? (
        <Empty>Counted on AWS alone: nothing on this machine counts it.</Empty>
      ) : (
        <>
          <div
            class="graph"
            data-widget={String(index)}
            role="img"
            aria-label={`${widget.title}, over the last 15 minutes`}
          />
          <details>
            <summary>As a table</summary>
            <table data-latest={String(index)}>
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
        </>
      )}
    </section>
  );
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
