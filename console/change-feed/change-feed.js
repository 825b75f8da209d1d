// Shows new events as they come. While somebody reads one, the list stays as it is.

import { fragments } from '/assets/read-fragments.js';

const INTERVAL = 1000;

async function refresh() {
  if (!document.querySelector('#changes details[open]')) await fragments('/change-feed/latest').catch(() => {});
  setTimeout(refresh, INTERVAL);
}
refresh();
