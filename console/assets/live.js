// On every page: is the stack there, how many messages wait, how many are stuck. The browser asks again by itself.

const state = document.getElementById('state');
const text = document.getElementById('state-text');
const badge = document.getElementById('dead-letters');
const isFeed = document.getElementById('entries') !== null;

const source = new EventSource(`/live${isFeed ? '?feed' : ''}`);
addEventListener('pagehide', () => source.close());

source.addEventListener('error', () => {
  state.classList.add('gone');
  text.textContent = 'The stack has stopped. Start it with npm start; this page waits for it.';
  // A browser gives up on some errors: a new page begins anew.
  if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
});
source.addEventListener('state', ({ data }) => {
  const { waiting, deadLetters } = JSON.parse(data);
  state.classList.remove('gone');
  text.textContent =
    waiting > 0 ? `Running on this machine, ${waiting} in the queue` : 'Running on this machine, nothing in the queue';
  badge.hidden = deadLetters === 0;
  badge.textContent = String(deadLetters);
});
for (const name of ['snapshot', 'entries']) {
  source.addEventListener(name, ({ data }) => {
    document.dispatchEvent(new CustomEvent(`live-${name}`, { detail: JSON.parse(data) }));
  });
}
