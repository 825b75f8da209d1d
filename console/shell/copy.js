// Buttons that copy the text of another element, or reveal a hidden one.

for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', async () => {
    const element = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(element.dataset.secret ?? element.textContent.trim());
    button.textContent = 'Copied';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 1500);
  });
}

for (const button of document.querySelectorAll('[data-reveal]')) {
  const element = document.getElementById(button.dataset.reveal);
  const hidden = element.textContent;
  button.addEventListener('click', () => {
    const isShown = button.getAttribute('aria-pressed') === 'true';
    element.textContent = isShown ? hidden : element.dataset.secret;
    button.setAttribute('aria-pressed', String(!isShown));
    button.textContent = isShown ? 'Reveal' : 'Hide';
  });
}
