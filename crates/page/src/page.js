(() => {
  'use strict';
  const root = document.documentElement;
  const said = document.getElementById('said');
  root.classList.add('linked');
  let shown = null;
  let chosen = null;
  const parts = (key) => document.querySelectorAll(`[data-e="${key}"]`);
  const mark = (key, name, on) => {
    if (key) parts(key).forEach((part) => part.classList.toggle(name, on));
  };
  const keyOf = (node) => node?.closest?.('[data-e]')?.dataset.e ?? null;
  const show = (key) => {
    if (key === shown) return;
    mark(shown, 'shown', false);
    shown = key;
    mark(shown, 'shown', true);
  };
  const choose = (key) => {
    mark(chosen, 'chosen', false);
    document.querySelectorAll('a[aria-current]').forEach((link) => link.removeAttribute('aria-current'));
    chosen = key;
    mark(chosen, 'chosen', true);
    const entry = key && document.getElementById(`e-${key}`);
    said.textContent = entry ? entry.dataset.say : 'No sentence is chosen.';
    if (!key) return;
    parts(key).forEach((part) => {
      const link = part.matches('a') ? part : part.querySelector('a');
      link?.setAttribute('aria-current', 'true');
    });
  };
  document.addEventListener('pointerover', (event) => show(keyOf(event.target) ?? keyOf(document.activeElement)));
  document.addEventListener('focusin', (event) => show(keyOf(event.target)));
  document.addEventListener('focusout', () => show(null));
  document.addEventListener('click', (event) => {
    const key = keyOf(event.target);
    if (!key || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const link = event.target.closest('a');
    if (!link && !event.target.closest('.box')) return;
    event.preventDefault();
    choose(key === chosen ? null : key);
    if (!link) document.querySelector(`#e-${CSS.escape(key)} a`)?.focus();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !(chosen || shown)) return;
    show(null);
    choose(null);
  });
})();
