// The points of a sweep in a chart, as lines and in a table; what is chosen in one is shown in all.
(() => {
  const data = JSON.parse(document.getElementById('sweep-data').textContent);
  const points = new Map(data.points.map((point) => [point.place, point]));
  const part = (id) => document.getElementById(id);
  const make = (name, text, attributes = {}) => {
    const made = document.createElement(name);
    if (text !== undefined) made.append(text);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  // What can be shown in a direction of the chart, or in a column of the table.
  const columns = [
    ...data.axes.map((axis, number) => ({
      name: axis.name,
      labels: axis.numbers ? null : axis.levels,
      value: (point) => {
        const level = point.levels[number];
        if (level === null) return null;
        return axis.numbers ? axis.numbers[level] : axis.levels[level];
      },
      order: (point) => (point.levels[number] ?? -1),
      shown: (point) => (point.levels[number] === null ? '-' : axis.levels[point.levels[number]]),
      text: !axis.numbers,
    })),
    ...data.metrics.map((metric, number) => ({
      name: metric.name,
      labels: null,
      value: (point) => point.values[number][0],
      order: (point) => point.values[number][0],
      shown: (point) => point.values[number][1],
      text: data.points.some((point) => typeof point.values[number][0] === 'string'),
      aim: metric.aim,
    })),
  ];

  // The chart.
  const chart = part('pareto-chart');
  const directions = { x: part('plane-x'), y: part('plane-y') };
  const aims = columns.filter((column) => column.aim);
  const first = { y: aims[0], x: aims[1] ?? columns.find((column) => column.name === chart.layout.xaxis.title.text) };
  const drawn = chart.data.length;
  const column = (direction) => columns[directions[direction].value];
  for (const [direction, select] of Object.entries(directions)) {
    columns.forEach((one, number) => select.append(make('option', one.name, { value: number })));
    select.value = columns.indexOf(first[direction] ?? columns[0]);
    select.addEventListener('change', () => turn());
  }
  const turn = () => {
    const isPlane = column('x') === aims[1] && column('y') === aims[0] && aims.length === 2;
    for (let trace = 0; trace < drawn; trace += 1) {
      const rows = chart.data[trace].customdata.map((place) => points.get(place));
      const mode = isPlane && chart.data[trace].name === 'Pareto front' ? 'lines+markers' : 'markers';
      Plotly.restyle(chart, { x: [rows.map(column('x').value)], y: [rows.map(column('y').value)], mode }, [trace]);
    }
    const change = {};
    for (const direction of ['x', 'y']) {
      const { name, labels, text } = column(direction);
      const axis = `${direction}axis`;
      change[`${axis}.title.text`] = name.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);
      change[`${axis}.type`] = text ? 'category' : 'linear';
      change[`${axis}.categoryorder`] = labels ? 'array' : 'category ascending';
      change[`${axis}.categoryarray`] = labels ?? undefined;
      change[`${axis}.autorange`] = true;
    }
    Plotly.relayout(chart, change);
    ring();
  };
  let chosen = null;
  const ring = () => {
    const point = points.get(chosen);
    const at = point ? { x: [[column('x').value(point)]], y: [[column('y').value(point)]] } : { x: [[]], y: [[]] };
    Plotly.restyle(chart, at, [drawn]);
  };
  Plotly.addTraces(chart, {
    x: [], y: [], mode: 'markers', hoverinfo: 'skip', showlegend: false, name: 'chosen',
    marker: { size: 18, color: 'rgba(0,0,0,0)', line: { width: 3, color: '#d55e00' } },
  });
  chart.on('plotly_click', (event) => {
    const place = event.points[0].customdata;
    if (place !== undefined) choose(place);
  });

  // The lines.
  const lines = sweepLines(part('lines-chart'), data, (place) => choose(place), () => list());
  part('lines-reset').addEventListener('click', lines.reset);

  // The table.
  const table = part('points-table');
  const body = table.tBodies[0];
  const heads = [];
  let sorted = { by: null, down: true };
  const sortBy = (order, cell, down) => {
    sorted = { by: order, down };
    for (const one of heads) one.removeAttribute('aria-sort');
    cell.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    list();
  };
  const head = (text, order, isText) => {
    const cell = make('th', undefined, { scope: 'col', class: isText ? 'left' : '' });
    const button = make('button', text, { type: 'button' });
    button.addEventListener('click', () => {
      sortBy(order, cell, sorted.by === order ? !sorted.down : !isText);
    });
    cell.append(button);
    heads.push(cell);
    return cell;
  };
  table.tHead.rows[0].append(
    head('point', (point) => point.place, false),
    ...columns.map((one) => head(one.name, one.order, one.text)),
  );
  const compare = (a, b) => {
    const [one, other] = [sorted.by(a), sorted.by(b)];
    return typeof one === 'string' ? one.localeCompare(other) : one - other;
  };
  const list = () => {
    const words = part('points-filter').value.trim().toLowerCase();
    const which = part('points-which').value;
    const passing = data.points.filter(lines.passes);
    const shown = passing.filter((point) => (which === 'all' || point.front)
      && (!words || columns.some((one) => one.shown(point).toLowerCase().includes(words))));
    if (sorted.by) shown.sort((a, b) => (sorted.down ? compare(b, a) : compare(a, b)));
    body.replaceChildren(...shown.map((point) => {
      const row = make('tr', undefined, { 'data-place': point.place });
      row.classList.toggle('chosen-row', point.place === chosen);
      const name = make('th', undefined, { scope: 'row' });
      name.append(make('button', `#${point.place}`, { type: 'button', title: 'show its settings' }));
      row.append(name, ...columns.map((one) => make('td', one.shown(point), { class: one.text ? 'left' : '' })));
      return row;
    }));
    part('points-count').textContent = `${shown.length} of ${data.points.length}`;
    part('lines-count').textContent = `${passing.length} of ${data.points.length} points`;
  };
  part('points-which').addEventListener('change', list);
  part('points-filter').addEventListener('input', list);
  body.addEventListener('click', (event) => {
    const row = event.target.closest('tr');
    if (!row) return;
    choose(Number(row.dataset.place));
    part('chosen').scrollIntoView({ block: 'nearest' });
  });

  // A chosen point.
  const pairs = (rows) => {
    const made = make('dl');
    for (const [name, value] of rows) made.append(make('dt', name), make('dd', value));
    return made;
  };
  const choose = (place) => {
    chosen = place;
    const point = points.get(place);
    const settings = make('div');
    settings.append(make('h3', 'Settings'), pairs(point.settings));
    const metrics = make('div');
    metrics.append(make('h3', 'Metrics'), pairs(data.metrics.map(({ name }, number) => [name, point.values[number][1]])));
    const both = make('div', undefined, { class: 'parts' });
    both.append(settings, metrics);
    const store = /^[\w.+-]+$/.test(data.store) ? data.store : `'${data.store.replaceAll("'", "'\\''")}'`;
    const told = [
      make('h3', `Point #${place}${point.front ? ', on the Pareto front' : ''}`),
      both,
      make('h3', 'Simulate it again, with a full report'),
      make('pre', `accsim sweep report ${store} -o reports --point ${place}`),
      make('p', `key ${point.key}`),
    ];
    if (point.report) {
      const link = make('p');
      link.append(make('a', 'Full report of this point', { href: encodeURIComponent(point.report) }));
      told.splice(1, 0, link);
    }
    part('chosen').replaceChildren(...told);
    for (const row of body.rows) row.classList.toggle('chosen-row', Number(row.dataset.place) === place);
    lines.mark(place);
    ring();
  };

  // The best in the first objective first, as on the terminal.
  sortBy(aims[0].order, heads[1 + columns.indexOf(aims[0])], aims[0].aim > 0);
  // First the point that is best in the first objective.
  const best = data.points.filter((point) => point.front)
    .sort((a, b) => aims[0].aim * (aims[0].value(b) - aims[0].value(a)))[0];
  if (best) choose(best.place);
})();
