// The report comes when it is ready, and tells meanwhile how far it is.

import { fragments } from './fragments.js';

const report = document.getElementById('report');
fragments(report.dataset.report).catch(() => {
  report.textContent = 'The stack did not answer: is it running?';
});
