// The live feed: newest first, filtered by what is written above it, held while it is paused.

const entries = document.getElementById('entries');
const filter = document.getElementById('filter');
const pause = document.getElementById('pause');
const state = document.getElementById('feed-state');
const empty = document.getElementById('feed-empty');
const SHOWN = 200;

let held = [];
let skipped = 0;

const isPaused = () => pause.getAttribute('aria-pressed') === 'true';

function show() {
  const words = filter.value.trim().toLowerCase();
  let count = 0;
  for (const row of entries.rows) {
    row.hidden = words !== '' && !row.textContent.toLowerCase().includes(words);
    if (!row.hidden) count++;
  }
  empty.hidden = entries.rows.length > 0;
  const parts = [`${count} of ${entries.rows.length} shown`];
  if (isPaused()) parts.push(`paused, ${held.length} held back`);
  if (skipped > 0) parts.push(`${skipped} came too fast to be shown`);
  state.textContent = parts.join(' · ');
}

function put({ id, html }) {
  const present = document.getElementById(id);
  if (present) present.outerHTML = html;
  else {
    entries.insertAdjacentHTML('afterbegin', html);
    entries.rows[0].classList.add('new');
  }
  while (entries.rows.length > SHOWN) entries.deleteRow(-1);
}

document.addEventListener('live-snapshot', ({ detail }) => {
  held = [];
  entries.innerHTML = detail.reverse().join('');
  show();
});
document.addEventListener('live-entries', ({ detail }) => {
  skipped += detail.skipped;
  if (isPaused()) held.push(...detail.html);
  else detail.html.forEach(put);
  show();
});
filter.addEventListener('input', show);
pause.addEventListener('click', () => {
  const paused = !isPaused();
  pause.setAttribute('aria-pressed', String(paused));
  pause.textContent = paused ? 'Resume' : 'Pause';
  if (!paused) held.splice(0).forEach(put);
  show();
});
