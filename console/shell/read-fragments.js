// Reads a response that arrives piece by piece and puts each piece in its place. The server has escaped every value in it.

/** @param onFragment called after each piece */
export async function fragments(url, options = {}, onFragment = () => {}) {
  const response = await fetch(url, options);
  if (!response.ok) throw new Error(`the console responded with ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const { into, html, append } = JSON.parse(line);
      const element = document.getElementById(into);
      if (append) element.insertAdjacentHTML('beforeend', html);
      else element.innerHTML = html;
      onFragment(into);
    }
  }
}

export function post(body) {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
