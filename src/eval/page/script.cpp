#include "eval/page/script.h"

namespace oasis::eval::page {

const char* early_script() {
  return R"js(
(() => {
  'use strict';
  const root = document.documentElement;
  root.classList.add('js');
  const keep = (text) => { if (!root.dataset.error) root.dataset.error = String(text); };
  addEventListener('error', (event) => keep(event.message || 'a picture cannot be shown'), true);
  addEventListener('unhandledrejection', (event) => keep(event.reason));
  addEventListener('securitypolicyviolation', (event) => keep('blocked: ' + event.blockedURI));
})();
)js";
}

const char* page_script() {
  return R"js(
(() => {
  'use strict';
  const root = document.documentElement;
  const plots = JSON.parse(document.getElementById('plots').textContent);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  function format(value, decimals) {
    if (value === null || value === undefined) return '\u2013';
    if (typeof value === 'string') return value;
    const text = Math.abs(value).toFixed(decimals);
    return (value < 0 && Number(text) !== 0 ? '\u2212' : '') + text;
  }

  // Tables: a heading is a button that sorts; what has no value stays last.
  function keyOf(row, column) {
    const cell = row.cells[column];
    return cell.dataset.sort === undefined ? cell.textContent.trim() : Number(cell.dataset.sort);
  }

  function compareKeys(a, b, sign) {
    if (typeof a === 'string') return sign * a.localeCompare(b, 'en', { numeric: true });
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return a === b ? 0 : sign * (a < b ? -1 : 1);
  }

  function sortBy(table, heading) {
    const before = heading.getAttribute('aria-sort');
    const order = before === 'ascending' ? 'descending'
      : before === 'descending' ? 'ascending' : heading.dataset.first || 'ascending';
    all('th[aria-sort]', table.tHead).forEach((other) => other.setAttribute('aria-sort', 'none'));
    heading.setAttribute('aria-sort', order);
    const rows = [...table.tBodies[0].rows].map((row) => [keyOf(row, heading.cellIndex), row]);
    rows.sort((a, b) => compareKeys(a[0], b[0], order === 'ascending' ? 1 : -1));
    table.tBodies[0].append(...rows.map((entry) => entry[1]));
  }

  for (const table of all('table.sortable')) {
    for (const heading of all('thead th', table)) {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...heading.childNodes);
      button.addEventListener('click', () => sortBy(table, heading));
      heading.append(button);
      heading.setAttribute('aria-sort', 'none');
    }
  }

  // What scrolls sideways can be reached by the keyboard.
  const reach = (element) => {
    if (element.scrollWidth > element.clientWidth + 1) element.tabIndex = 0;
    else element.removeAttribute('tabindex');
  };

  // Plots of one group share a cursor, which a range input moves.
  function placeText(group, index) {
    if (group.x === 'frame') {
      const seconds = group.fps > 0 ? ', ' + (index / group.fps).toFixed(2) + ' s' : '';
      return 'frame ' + index + seconds;
    }
    if (index === 0) return 'constant part';
    const cycles = index * group.step;
    const hertz = group.fps > 0 ? ', ' + (cycles * group.fps).toFixed(2) + ' Hz' : '';
    return 'period ' + (1 / cycles).toFixed(1) + ' frames' + hertz;
  }

  function connectPlots(element) {
    const group = plots[element.dataset.plots];
    const range = element.querySelector('input[type=range]');
    const place = element.querySelector('.scrubber output');
    const figures = all('.plot', element);
    const show = () => {
      const index = Number(range.value);
      const left = 100 * index / Math.max(1, group.length - 1) + '%';
      const text = placeText(group, index);
      element.classList.add('reading');
      place.textContent = text;
      range.setAttribute('aria-valuetext', text);
      figures.forEach((figure, number) => {
        const plot = group.plots[number];
        figure.querySelector('.cursor').style.left = left;
        all('[data-series]', figure).forEach((readout, series) => {
          const value = format(plot.series[series][index], plot.decimals);
          readout.textContent = plot.unit ? value + '\u00a0' + plot.unit : value;
        });
      });
    };
    range.addEventListener('input', show);
    for (const area of all('.area', element)) {
      const follow = (event) => {
        const box = area.getBoundingClientRect();
        const share = clamp((event.clientX - box.left) / box.width, 0, 1);
        range.value = Math.round(share * (group.length - 1));
        show();
      };
      area.addEventListener('pointermove', follow);
      area.addEventListener('pointerdown', follow);
    }
  }
  all('[data-plots]').forEach(connectPlots);

  // Pictures behind a divider. `share` is the divider's place in what shows, 0 to 1.
  function connectPictures(figure) {
    const stage = figure.querySelector('.stage');
    const layers = figure.querySelector('.layers');
    const range = figure.querySelector('input[type=range]');
    const pictures = all('.layer', layers);
    const shown = { left: 0, right: 0 };
    let share = 0.5;

    const place = () => {
      const offset = layers.getBoundingClientRect().left - stage.getBoundingClientRect().left;
      const zoomed = stage.classList.contains('zoomed') && layers.clientWidth > 0;
      const at = zoomed ? (share * stage.clientWidth - offset) / layers.clientWidth : share;
      layers.style.setProperty('--at', 100 * clamp(at, 0, 1) + '%');
      const name = (side) => pictures[shown[side]].dataset.name;
      range.setAttribute('aria-valuetext',
        name('left') + ' ' + Math.round(100 * share) + '\u00a0%, then ' + name('right'));
    };
    const move = (value) => {
      share = clamp(value, 0, 1);
      range.value = Math.round(100 * share);
      place();
    };
    for (const input of all('[data-side] input', figure)) {
      const choose = () => {
        const side = input.closest('[data-side]').dataset.side;
        shown[side] = Number(input.value);
        pictures.forEach((picture, i) => picture.classList.toggle(side, i === shown[side]));
        place();
      };
      input.addEventListener('change', choose);
      if (input.checked) choose();
    }
    range.addEventListener('input', () => { share = range.value / 100; place(); });

    const follow = (event) => {
      const box = stage.getBoundingClientRect();
      move((event.clientX - box.left) / box.width);
    };
    const pans = (event) => event.pointerType === 'touch' && stage.classList.contains('zoomed');
    stage.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || pans(event)) return;
      stage.setPointerCapture(event.pointerId);
      if (event.pointerType !== 'touch') follow(event);
    });
    stage.addEventListener('pointermove', (event) => {
      if (stage.hasPointerCapture(event.pointerId)) follow(event);
    });
    stage.addEventListener('dragstart', (event) => event.preventDefault());
    stage.addEventListener('scroll', place, { passive: true });

    for (const input of all('[data-zoom] input', figure)) {
      input.addEventListener('change', () => {
        const zoom = Number(input.value);
        stage.style.height = zoom ? stage.clientHeight + 'px' : '';
        stage.classList.toggle('zoomed', zoom > 0);
        const width = Number(layers.dataset.width) * zoom / (devicePixelRatio || 1);
        layers.style.width = zoom ? width + 'px' : '';
        layers.style.imageRendering = zoom > 1 ? 'pixelated' : '';
        stage.scrollLeft = (stage.scrollWidth - stage.clientWidth) / 2;
        stage.scrollTop = (stage.scrollHeight - stage.clientHeight) / 2;
        place();
      });
    }
    if (typeof ResizeObserver === 'function') new ResizeObserver(place).observe(stage);
    place();
  }
  all('.compare[data-pictures]').forEach(connectPictures);

  // One of several panels shows.
  for (const choices of all('.choices')) {
    const inputs = all('input', choices);
    const choose = () => inputs.forEach((input) => {
      document.getElementById(input.dataset.shows).hidden = !input.checked;
    });
    choices.addEventListener('change', choose);
    choose();
  }

  // Cards borrow the pictures that are further down.
  for (const picture of all('img[data-copy]')) {
    picture.src = document.getElementById(picture.dataset.copy).src;
  }

  function reveal() {
    const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
    if (!target) return;
    const input = all('input[data-shows]').find((other) => other.dataset.shows === target.id);
    if (input && !input.checked) input.click();
    for (let element = target; element; element = element.parentElement) {
      if (element.tagName === 'DETAILS') element.open = true;
    }
    target.scrollIntoView();
  }
  addEventListener('hashchange', reveal);
  for (const link of all('a[href^="#"]')) {
    link.addEventListener('click', () => {
      if (link.getAttribute('href') === location.hash) reveal();
    });
  }
  reveal();

  const measure = () => {
    all('.scroll').forEach(reach);
    root.dataset.overflow = root.scrollWidth - root.clientWidth;
  };
  addEventListener('resize', measure);
  addEventListener('load', measure);
  for (const details of all('details')) details.addEventListener('toggle', measure);
  measure();
  root.dataset.ready = 'yes';
})();
)js";
}

}  // namespace oasis::eval::page
