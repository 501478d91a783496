// The operator table: one run at a time or all, rows that hold a text, sorted by any column.
(() => {
  const table = document.getElementById('operator-table');
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const run = document.getElementById('operator-run');
  const text = document.getElementById('operator-filter');
  const count = document.getElementById('operator-count');

  const filter = () => {
    const wanted = text.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = (!run.value || row.dataset.run === run.value)
        && row.textContent.toLowerCase().includes(wanted);
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${rows.length}`;
  };
  run.addEventListener('change', filter);
  text.addEventListener('input', filter);
  filter();

  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const numbers = head.dataset.kind === 'number';
    const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
    head.querySelector('button').addEventListener('click', () => {
      const before = head.getAttribute('aria-sort');
      // What is largest is asked for first; names begin with A.
      const down = before ? before === 'ascending' : numbers;
      const order = (a, b) => (numbers ? key(a) - key(b) : key(a).localeCompare(key(b)));
      rows.sort((a, b) => (down ? order(b, a) : order(a, b)));
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      body.append(...rows);
    });
  });

  body.addEventListener('click', (event) => {
    const button = event.target.closest('button[data-op]');
    if (!button) return;
    const detail = { run: button.closest('tr').dataset.run, op: button.dataset.op };
    document.dispatchEvent(new CustomEvent('accsim:show-operator', { detail }));
    document.getElementById('timeline').scrollIntoView({ block: 'start' });
  });
})();
