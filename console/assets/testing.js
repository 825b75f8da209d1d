// The testing suite: runs the checks, and sends the event that was chosen.

import { fragments, post } from './fragments.js';

const element = (id) => document.getElementById(id);
const event = element('event');
const forged = element('forged');
const story = element('story');

async function busy(button, work, into) {
  button.disabled = true;
  try {
    await work();
  } catch {
    element(into).insertAdjacentHTML('beforeend', '<li class="bad">The stack did not answer: is it running?</li>');
  } finally {
    button.disabled = false;
  }
}

element('verify').addEventListener('click', ({ currentTarget }) => {
  const progress = element('verify-progress');
  const results = element('verify-results');
  results.replaceChildren();
  progress.value = 0;
  progress.hidden = false;
  busy(
    currentTarget,
    () =>
      fragments('/testing/verify', post({}), () => {
        progress.value = results.children.length;
      }),
    'verify-results',
  ).finally(() => {
    progress.hidden = true;
  });
});

const choices = document.querySelectorAll('[data-scenario]');
for (const choice of choices) {
  choice.addEventListener('click', () => {
    for (const each of choices) each.setAttribute('aria-pressed', String(each === choice));
    event.value = choice.dataset.event;
    forged.checked = choice.dataset.forged === 'true';
    element('expectation').textContent = choice.dataset.expectation;
  });
}

element('send').addEventListener('click', ({ currentTarget }) => {
  story.replaceChildren();
  if (event.value.trim() === '') {
    story.insertAdjacentHTML('beforeend', '<li class="bad">Choose an event above, or write one.</li>');
    return;
  }
  busy(currentTarget, () => fragments('/testing/send', post({ event: event.value, forged: forged.checked })), 'story');
});
