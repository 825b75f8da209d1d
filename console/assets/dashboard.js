// Draws the graphs, and again every few seconds.

import uPlot from './uplot.js';

const COLORS = ['#6366f1', '#0d9488', '#d97706', '#db2777', '#0284c7', '#78849c'];
const PERIOD = 5000;
const charts = new Map();
const graphs = document.querySelectorAll('[data-widget]');
const clock = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);
const compact = new Intl.NumberFormat('en', { notation: 'compact' });
const style = () => getComputedStyle(document.body);

function draw(graph, x, series) {
  const index = graph.dataset.widget;
  const data = [x, ...series.map(({ values }) => values)];
  const chart = charts.get(index);
  if (chart) {
    chart.setData(data);
    return;
  }
  const axis = {
    stroke: () => style().color,
    grid: { stroke: '#8884', width: 1 },
    ticks: { show: false },
    font: '11px system-ui',
  };
  const options = {
    width: graph.clientWidth,
    height: 150,
    scales: { y: { range: (_, _low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [
      { ...axis, space: 60, values: (_, splits) => splits.map(clock) },
      { ...axis, size: 44, values: (_, splits) => splits.map((value) => compact.format(value)) },
    ],
    series: [
      {},
      ...series.map(({ label }, i) => ({
        label,
        stroke: COLORS[i % COLORS.length],
        width: 2,
        points: { show: true, size: 4 },
      })),
    ],
    cursor: { drag: { x: false, y: false } },
  };
  charts.set(index, new uPlot(options, data, graph));
}

function fill(index, series) {
  const rows = document.querySelector(`[data-latest="${index}"]`).tBodies[0].rows;
  series.forEach(({ values }, i) => {
    const known = values.filter((value) => value !== null);
    const text = (value) => (value === undefined ? '–' : String(Math.round(value * 100) / 100));
    rows[i].cells[1].textContent = text(known.at(-1));
    rows[i].cells[2].textContent = text(known.length === 0 ? undefined : Math.max(...known));
  });
}

async function refresh() {
  try {
    const { x, widgets, alarms } = await (await fetch('/dashboard/data')).json();
    for (const graph of graphs) {
      const series = widgets[Number(graph.dataset.widget)];
      draw(graph, x, series);
      fill(graph.dataset.widget, series);
    }
    document.getElementById('alarm-states').innerHTML = alarms;
  } catch {
    // The stack is gone for a while: the line above says so.
  }
  setTimeout(refresh, PERIOD);
}

addEventListener('resize', () => {
  for (const graph of graphs) charts.get(graph.dataset.widget)?.setSize({ width: graph.clientWidth, height: 150 });
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const chart of charts.values()) chart.redraw();
});
refresh();
