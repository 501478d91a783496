// Tables of operators: rows of one run or of all that hold a text, sorted by any column.
(() => {
  const sortable = (name) => {
    const part = (suffix) => document.getElementById(`${name}-${suffix}`);
    const [table, run, text, count] = ['table', 'run', 'filter', 'count'].map(part);
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];

    const filter = () => {
      const wanted = text.value.trim().toLowerCase();
      let shown = 0;
      for (const row of body.rows) {
        row.hidden = (run.value !== '' && row.dataset.run !== run.value)
          || !row.textContent.toLowerCase().includes(wanted);
        shown += !row.hidden;
      }
      count.textContent = `${shown} of ${body.rows.length}`;
    };

    const sort = (column, down) => {
      const numbers = heads[column].dataset.kind === 'number';
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
      const order = (a, b) => (numbers ? key(a) - key(b) : key(a).localeCompare(key(b)));
      body.append(...[...body.rows].sort((a, b) => (down ? order(b, a) : order(a, b))));
      for (const head of heads) head.removeAttribute('aria-sort');
      heads[column].setAttribute('aria-sort', down ? 'descending' : 'ascending');
    };

    heads.forEach((head, column) => head.querySelector('button').addEventListener('click', () => {
      const before = head.getAttribute('aria-sort');
      // What is largest is asked for first; names begin with A.
      sort(column, before ? before === 'ascending' : head.dataset.kind === 'number');
    }));
    run.addEventListener('change', filter);
    text.addEventListener('input', filter);
    body.addEventListener('click', (event) => {
      const button = event.target.closest('button');
      if (!button) return;
      const detail = { run: button.closest('tr').dataset.run, op: button.textContent };
      document.dispatchEvent(new CustomEvent('accsim:show-operator', { detail }));
    });
    filter();
    return { body, run, heads, filter };
  };

  sortable('group');

  // The operators of a pass are many: only those of the chosen run are elements.
  const stored = document.getElementById('pass-data');
  if (!stored) return;
  const passes = JSON.parse(stored.textContent);
  const { body, run, heads, filter } = sortable('operator');
  const cell = (kind, content) => {
    const made = document.createElement(kind);
    made.append(content);
    return made;
  };
  const fill = () => {
    body.replaceChildren(...passes[run.value].map(([name, group, ...figures]) => {
      const row = document.createElement('tr');
      row.dataset.run = run.value;
      const button = cell('button', name);
      button.type = 'button';
      button.title = 'show it in the timeline';
      const head = cell('th', button);
      head.scope = 'row';
      const kind = cell('td', group);
      kind.className = 'left';
      row.append(head, kind, ...figures.map(([number, words]) => {
        const made = cell('td', words);
        made.dataset.value = number;
        return made;
      }));
      return row;
    }));
    for (const head of heads) head.removeAttribute('aria-sort');
    filter();
  };
  run.addEventListener('change', fill);
  fill();
})();
