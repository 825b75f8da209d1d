// The report arrives when it is ready; until then the page shows how far it is.

import { fragments } from './read-fragments.js';

const report = document.getElementById('report');
fragments(report.dataset.report).catch(() => {
  report.textContent = 'The stack did not respond. Is it running?';
});
