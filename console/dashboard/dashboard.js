// Draws the graphs, and refreshes them every few seconds.

import uPlot from './uplot.js';

const COLORS = ['#6366f1', '#0d9488', '#d97706', '#db2777', '#0284c7', '#78849c'];
const PERIOD = 5000;
const HEIGHT = 150;
const charts = new Map();
const graphs = document.querySelectorAll('[data-widget]');
const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);
const compact = new Intl.NumberFormat('en', { notation: 'compact' });
const plain = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const style = () => getComputedStyle(document.body);
const latest = (values) => values.findLast((value) => value !== null);
const format = (value) => (value === undefined || value === null ? 'no data' : plain.format(value));

function axes() {
  const axis = {
    stroke: () => style().color,
    grid: { stroke: '#8884', width: 1 },
    ticks: { show: false },
    font: '11px system-ui',
  };
  return [
    { ...axis, space: 60, values: (_, splits) => splits.map(clock) },
    { ...axis, size: 44, values: (_, splits) => splits.map((value) => compact.format(value)) },
  ];
}

function lineOf({ label }, i) {
  return {
    label,
    stroke: COLORS[i % COLORS.length],
    width: 2,
    points: { show: true, size: 4 },
    // Without a pointer on the graph, the legend shows the latest value.
    value: (chart, value, index, position) => format(position === null ? latest(chart.data[index]) : value),
  };
}

function draw(graph, x, series) {
  const data = [x, ...series.map(({ values }) => values)];
  const chart = charts.get(graph);
  if (chart) {
    chart.setData(data);
    return;
  }
  const options = {
    width: graph.clientWidth,
    height: HEIGHT,
    scales: { y: { range: (_, _low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: axes(),
    series: [{}, ...series.map(lineOf)],
    cursor: { drag: { x: false, y: false } },
  };
  charts.set(graph, new uPlot(options, data, graph));
}

function fill(graph, series) {
  const { rows } = document.querySelector(`[data-latest="${graph.dataset.widget}"]`).tBodies[0];
  series.forEach(({ values }, i) => {
    const known = values.filter((value) => value !== null);
    rows[i].cells[1].textContent = format(latest(values));
    rows[i].cells[2].textContent = format(known.length === 0 ? undefined : Math.max(...known));
  });
}

async function refresh() {
  try {
    const { x, widgets, alarms } = await (await fetch('/dashboard/data')).json();
    for (const graph of graphs) {
      const series = widgets[Number(graph.dataset.widget)];
      draw(graph, x, series);
      fill(graph, series);
    }
    document.getElementById('alarm-states').innerHTML = alarms;
  } catch {
    // The stack has stopped; the status line says so.
  }
  setTimeout(refresh, PERIOD);
}

addEventListener('resize', () => {
  for (const [graph, chart] of charts) chart.setSize({ width: graph.clientWidth, height: HEIGHT });
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const chart of charts.values()) chart.redraw();
});
// Escape closes a meaning without moving the pointer or the focus.
addEventListener('keydown', ({ key }) => {
  if (key !== 'Escape') return;
  for (const title of document.querySelectorAll('.title:hover, .title:focus-within')) title.classList.add('dismissed');
});
for (const event of ['pointerleave', 'focusout'])
  for (const title of document.querySelectorAll('.title'))
    title.addEventListener(event, () => title.classList.remove('dismissed'));
refresh();
