// Charts are as wide as their page: on paper too, and in a part of the page that was folded.
(() => {
  const PAPER_PX = 670; // what is left of A4 and Letter between the margins of browsers
  const charts = (within) => [...within.querySelectorAll('.js-plotly-plot')];
  addEventListener('beforeprint', () => {
    for (const folded of document.querySelectorAll('details:not(.long)')) folded.open = true;
    for (const chart of charts(document)) Plotly.relayout(chart, { width: PAPER_PX, autosize: false });
  });
  addEventListener('afterprint', () => {
    for (const chart of charts(document)) Plotly.relayout(chart, { width: null, autosize: true });
  });
  document.addEventListener('toggle', (event) => {
    if (event.target.open) for (const chart of charts(event.target)) Plotly.Plots.resize(chart);
  }, true);
})();
