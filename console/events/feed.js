// The live feed: newest first, filtered by the text above it, held back while it is paused.

const entries = document.getElementById('entries');
const filter = document.getElementById('filter');
const pause = document.getElementById('pause');
const state = document.getElementById('feed-state');
const empty = document.getElementById('feed-empty');
const SHOWN = 200;

/** HTML of rows by their id, while the feed is paused: a row that changes twice is one row. */
const held = new Map();
let skipped = 0;

const isPaused = () => pause.getAttribute('aria-pressed') === 'true';

/** Deliveries of one event count as one; requests that were rejected name no event. */
function describe(rows) {
  const ids = new Set(rows.map((row) => row.dataset.event).filter((id) => id !== ''));
  const rejected = rows.filter((row) => row.dataset.event === '').length;
  const parts = [`${ids.size.toLocaleString('en')} ${ids.size === 1 ? 'event' : 'events'}`];
  if (rejected > 0) parts.push(`${rejected} rejected ${rejected === 1 ? 'request' : 'requests'}`);
  return parts.join(' and ');
}

function rowOf(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content.firstElementChild;
}

function show() {
  const words = filter.value.trim().toLowerCase();
  const rows = [...entries.rows];
  for (const row of rows) row.hidden = words !== '' && !row.textContent.toLowerCase().includes(words);
  empty.hidden = rows.length > 0;
  const visible = rows.filter((row) => !row.hidden);
  const parts = [words === '' ? describe(rows) : `${describe(visible)} of ${describe(rows)} match`];
  if (isPaused()) parts.push(`paused, ${describe([...held.values()].map(rowOf))} held back`);
  if (skipped > 0) parts.push(`${skipped} arrived too fast to be shown`);
  state.textContent = parts.join(' · ');
}

function put(id, html) {
  const present = document.getElementById(id);
  if (present) present.outerHTML = html;
  else {
    entries.insertAdjacentHTML('afterbegin', html);
    entries.rows[0].classList.add('new');
  }
  while (entries.rows.length > SHOWN) entries.deleteRow(-1);
}

document.addEventListener('live-snapshot', ({ detail }) => {
  held.clear();
  entries.innerHTML = detail.reverse().join('');
  show();
});
document.addEventListener('live-entries', ({ detail }) => {
  skipped += detail.skipped;
  for (const { id, html } of detail.html) {
    if (isPaused()) held.set(id, html);
    else put(id, html);
  }
  show();
});
filter.addEventListener('input', () => {
  // In the address, so that Back and Reload keep it.
  const address = new URL(location.href);
  if (filter.value === '') address.searchParams.delete('q');
  else address.searchParams.set('q', filter.value);
  history.replaceState(null, '', address);
  show();
});
pause.addEventListener('click', () => {
  const paused = !isPaused();
  pause.setAttribute('aria-pressed', String(paused));
  pause.textContent = paused ? 'Resume' : 'Pause';
  if (!paused) {
    for (const [id, html] of held) put(id, html);
    held.clear();
  }
  show();
});
