// On every page: whether the stack is running, how many messages are queued, how many are dead letters. The browser reconnects
// by itself.

const state = document.getElementById('state');
const text = document.getElementById('state-text');
const badge = document.getElementById('dead-letters');
const isFeed = document.getElementById('entries') !== null;

// On a narrow screen the navigation scrolls.
document.querySelector('nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });

const source = new EventSource(`/live${isFeed ? '?feed' : ''}`);
addEventListener('pagehide', () => source.close());
// The page came back from the browser's cache, without its stream.
addEventListener('pageshow', ({ persisted }) => persisted && location.reload());

source.addEventListener('error', () => {
  state.classList.add('gone');
  text.textContent = 'The stack has stopped. Start it with npm start; this page reconnects by itself.';
  // A browser gives up on some errors: load the page again.
  if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
});
source.addEventListener('state', ({ data }) => {
  const { waiting, deadLetters } = JSON.parse(data);
  state.classList.remove('gone');
  text.textContent = `Running locally, ${waiting > 0 ? `${waiting} in the queue` : 'queue empty'}`;
  badge.hidden = deadLetters === 0;
  badge.textContent = String(deadLetters);
});
for (const name of ['snapshot', 'entries']) {
  source.addEventListener(name, ({ data }) => {
    document.dispatchEvent(new CustomEvent(`live-${name}`, { detail: JSON.parse(data) }));
  });
}
