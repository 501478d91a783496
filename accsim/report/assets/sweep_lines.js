// Parallel coordinates: a line for each point, an axis for each thing that is varied or aimed at.
// On wide pages axes stand side by side, on narrow ones they lie below each other.
const sweepLines = (element, data, onChoose, onFilter) => {
  const SVG = 'http://www.w3.org/2000/svg';
  const NARROW_PX = 700;
  const CHARACTER_PX = 6.6;
  const LONGEST = 22; // characters of a label
  const make = (name, attributes, text) => {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  // An axis places every point at a share of its length; those that have no level are left out.
  const ofLevels = (axis, number) => {
    const last = Math.max(axis.levels.length - 1, 1);
    return {
      name: axis.name,
      ticks: axis.levels.map((label, level) => ({ label, level, share: level / last })),
      share: (point) => (point.levels[number] === null ? null : point.levels[number] / last),
      number,
    };
  };
  const ofMetric = (metric, number) => {
    const rows = data.points.map((point) => point.values[number]);
    const sorted = [...rows].sort((a, b) => a[0] - b[0]);
    const [low, high] = [sorted[0], sorted.at(-1)];
    const span = high[0] - low[0] || 1;
    return {
      name: metric.name,
      ticks: [{ label: low[1], share: 0 }, ...(high[0] > low[0] ? [{ label: high[1], share: 1 }] : [])],
      share: (point) => (point.values[number][0] - low[0]) / span,
    };
  };
  const dimensions = [
    ...data.axes.map(ofLevels),
    ...data.metrics.map((metric, number) => (metric.aim ? ofMetric(metric, number) : null)).filter(Boolean),
  ];

  const wanted = data.axes.map(() => new Set()); // chosen levels of each axis; none means all
  const passes = (point) => wanted.every((levels, axis) => !levels.size || levels.has(point.levels[axis]));
  let chosen = null;
  let paths = new Map();

  const toggle = (axis, level) => {
    if (!wanted[axis].delete(level)) wanted[axis].add(level);
    draw();
    onFilter();
  };

  const frame = () => {
    const width = Math.max(element.clientWidth, 200);
    if (width >= NARROW_PX) {
      const height = 380, top = 44, bottom = 20, left = 20, right = 90;
      const gap = (width - left - right) / Math.max(dimensions.length - 1, 1);
      return {
        width, height, gap, wide: true, length: height - top - bottom,
        at: (place, share) => [left + place * gap, height - bottom - share * (height - top - bottom)],
      };
    }
    const row = 64, left = 12, right = 12, top = 30;
    return {
      width, height: top + row * dimensions.length, gap: row, wide: false, length: width - left - right,
      at: (place, share) => [left + share * (width - left - right), top + place * row],
    };
  };

  const shorten = (label) => (label.length > LONGEST ? `${label.slice(0, LONGEST - 1)}\u2026` : label);

  // Labels that would overlap are left out: of how many one is shown, besides the last.
  const everyNth = (dimension, shape) => {
    const gaps = Math.max(dimension.ticks.length - 1, 1);
    if (shape.wide) return Math.max(1, Math.ceil((14 * gaps) / shape.length));
    const longest = Math.max(...dimension.ticks.map((tick) => shorten(tick.label).length));
    const needed = longest * CHARACTER_PX + 6;
    // The outermost labels begin or end at their tick, so that they reach further in than others.
    return gaps < 2 || needed * gaps * 1.5 <= shape.length ? 1 : Math.ceil((1.5 * needed * gaps) / shape.length);
  };

  const drawAxis = (svg, dimension, place, shape) => {
    const [x1, y1] = shape.at(place, 0);
    const [x2, y2] = shape.at(place, 1);
    svg.append(make('line', { x1, y1, x2, y2, class: 'axis' }));
    // Names of neighbours take turns in height; the last one ends at the edge.
    const isLast = place > 0 && place === dimensions.length - 1;
    svg.append(make('text', shape.wide
      ? { x: isLast ? shape.width : x2 - 6, y: y2 - (place % 2 ? 28 : 12), class: 'name', 'text-anchor': isLast ? 'end' : 'start' }
      : { x: x1, y: y1 - 18, class: 'name' }, dimension.name));
    const step = everyNth(dimension, shape);
    const lastTick = dimension.ticks.length - 1;
    for (const [index, tick] of dimension.ticks.entries()) {
      if (index !== lastTick && (index % step || (index && lastTick - index < step))) continue;
      const [x, y] = shape.at(place, tick.share);
      const anchor = shape.wide ? 'start' : tick.share === 0 ? 'start' : tick.share === 1 ? 'end' : 'middle';
      const label = make('text', { x: shape.wide ? x + 5 : x, y: shape.wide ? y + 4 : y + 15, 'text-anchor': anchor }, shorten(tick.label));
      if (tick.level !== undefined) {
        const levels = wanted[dimension.number];
        label.classList.add('level');
        label.classList.toggle('off', levels.size > 0 && !levels.has(tick.level));
        label.setAttribute('role', 'button');
        label.setAttribute('tabindex', '0');
        label.setAttribute('aria-pressed', String(levels.has(tick.level)));
        label.setAttribute('aria-label', `${dimension.name} ${tick.label}`);
        label.addEventListener('click', () => toggle(dimension.number, tick.level));
        label.addEventListener('keydown', (event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          toggle(dimension.number, tick.level);
          element.querySelector(`[aria-label="${CSS.escape(`${dimension.name} ${tick.label}`)}"]`)?.focus();
        });
      }
      svg.append(label);
    }
  };

  const draw = () => {
    const shape = frame();
    const svg = make('svg', { viewBox: `0 0 ${shape.width} ${shape.height}`, height: shape.height, role: 'group' });
    svg.setAttribute('aria-label', 'Points as lines through their levels and objectives');
    paths = new Map();
    const shown = data.points.filter(passes).sort((a, b) => a.front - b.front);
    for (const point of shown) {
      const places = dimensions.map((dimension, place) => [place, dimension.share(point)]);
      const there = places.filter(([, share]) => share !== null);
      const line = there.map(([place, share]) => shape.at(place, share).map((one) => one.toFixed(1)).join(' ')).join('L');
      const path = make('path', { d: `M${line}`, class: point.front ? 'front' : 'other', 'data-place': point.place });
      path.append(make('title', {}, `#${point.place}`));
      paths.set(point.place, path);
      svg.append(path);
    }
    for (const [place, dimension] of dimensions.entries()) drawAxis(svg, dimension, place, shape);
    svg.addEventListener('click', (event) => {
      const path = event.target.closest('path');
      if (path) onChoose(Number(path.dataset.place));
    });
    element.replaceChildren(svg);
    mark(chosen);
  };

  const mark = (place) => {
    paths.get(chosen)?.classList.remove('chosen-line');
    chosen = place;
    const path = paths.get(place);
    if (!path) return;
    path.classList.add('chosen-line');
    path.parentNode.insertBefore(path, path.parentNode.querySelector('.axis'));
  };

  let width = 0;
  new ResizeObserver(() => {
    if (element.clientWidth === width) return;
    width = element.clientWidth;
    draw();
  }).observe(element);
  return {
    mark,
    passes,
    reset: () => {
      for (const levels of wanted) levels.clear();
      draw();
      onFilter();
    },
  };
};
