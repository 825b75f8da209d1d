// A search that passes over many rows goes on by itself, and says how far it is.

const results = document.getElementById('results');
let read = 0;

async function follow() {
  const more = results.querySelector('[data-search]');
  if (!more) return;
  read += Number(more.dataset.read);
  // Something was found: whether to look further is the reader's choice.
  if (Number(more.dataset.count) > 0) return;
  more.textContent = `${read.toLocaleString('en')} rows searched…`;
  const progress = document.createElement('progress');
  progress.setAttribute('aria-label', 'Searching');
  more.append(' ', progress);
  const response = await fetch(more.dataset.search);
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  results.replaceChildren(...page.getElementById('results').children);
  await follow();
}

follow();
