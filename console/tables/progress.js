// While the server is still reading a long table, the page asks again and shows how far it is.

const results = document.getElementById('results');

while (results.querySelector('[data-reading]')) {
  const text = await fetch(location.href).then(
    (response) => response.text(),
    () => undefined,
  );
  // The stack has stopped; the status line says so.
  if (text === undefined) break;
  const page = new DOMParser().parseFromString(text, 'text/html');
  results.replaceChildren(...page.getElementById('results').children);
}
