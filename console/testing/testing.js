// The testing suite: runs the checks, and sends the event that was chosen.

import { fragments, post } from './read-fragments.js';

const element = (id) => document.getElementById(id);
const event = element('event');
const forged = element('forged');
const story = element('story');

/** Ignores clicks while `work` runs. The `disabled` attribute would take the focus away. */
function onClick(button, work, into) {
  button.addEventListener('click', async () => {
    if (button.ariaDisabled === 'true') return;
    button.ariaDisabled = 'true';
    try {
      await work();
    } catch {
      element(into).insertAdjacentHTML('beforeend', '<li class="bad">The stack did not respond. Is it running?</li>');
    } finally {
      button.ariaDisabled = 'false';
    }
  });
}

const verify = async () => {
  const progress = element('verify-progress');
  element('verify-results').replaceChildren();
  progress.hidden = false;
  await fragments('/testing/verify', post({})).finally(() => {
    progress.hidden = true;
  });
};
onClick(element('verify'), verify, 'verify-results');

const choices = document.querySelectorAll('[data-event]');
for (const choice of choices) {
  choice.addEventListener('click', () => {
    for (const each of choices) each.setAttribute('aria-pressed', String(each === choice));
    event.value = choice.dataset.event;
    forged.checked = choice.dataset.forged === 'true';
    element('expectation').textContent = choice.dataset.expectation;
  });
}

const send = async () => {
  story.replaceChildren();
  if (event.value.trim() === '') {
    story.insertAdjacentHTML('beforeend', '<li class="bad">Choose an event above, or write one.</li>');
    return;
  }
  await fragments('/testing/send', post({ event: event.value, forged: forged.checked }));
};
onClick(element('send'), send, 'story');
