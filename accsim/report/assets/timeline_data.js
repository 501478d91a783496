/* A view: lanes of columns, and what is asked of them. A slice is {lane, index}. */

const NOTHING = -1;

/* The columns of a view, as `_pack` of timeline_canvas.py wrote them. */
async function unpack(packed, laneColumns) {
  const deflated = Uint8Array.from(atob(packed.columns), (letter) => letter.charCodeAt(0));
  const stream = new Blob([deflated]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = await new Response(stream).arrayBuffer();
  let at = 0;

  function column(kind, length) {
    const Stored = kind === "w" || kind === "f" ? Float64Array : Int32Array;
    const steps = new Stored(bytes.slice(at, at + length * Stored.BYTES_PER_ELEMENT));
    at += steps.byteLength;
    if (kind === "f") return steps;
    const values = kind === "n" ? new Float64Array(length) : steps;
    let sum = 0;
    for (let i = 0; i < length; i++) values[i] = sum += steps[i];
    return values;
  }

  const lanes = packed.lanes.map((given, place) => {
    const names = [...laneColumns, ...given.figures];
    const columns = names.map((_, i) => [names[i], column(given.kinds[i], given.length)]);
    return {
      ...given,
      place,
      ...times(Object.fromEntries(columns.slice(0, laneColumns.length))),
      figures: columns.slice(laneColumns.length),
    };
  });
  const counters = packed.counters.map((given) => {
    const [times, value] = [...given.kinds].map((kind) => column(kind, given.length));
    return { ...given, times, value };
  });
  return { ...packed, columns: "", lanes, counters };
}

/* Columns with the times of a lane made from what is stored: how far apart they are. */
function times(columns) {
  const sum = (one, other) => Float64Array.from(one, (value, i) => value + other[i]);
  const end_ps = sum(columns.end_ps, columns.start_ps);
  const issued_ps = sum(columns.issued_ps, columns.start_ps);
  return { ...columns, end_ps, issued_ps, done_ps: sum(columns.done_ps, end_ps) };
}

/* How many values of a rising column are at most a limit. */
function countUpTo(column, limit) {
  let low = 0, high = column.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

const startOf = ({ lane, index }) => lane.start_ps[index];
const endOf = ({ lane, index }) => lane.end_ps[index];
const opOf = (view, { lane, index }) => view.ops[lane.op[index]];
const tileOf = (view, { lane, index }) => view.labels[lane.label[index]];

/* The slice that a slice waited for, or null. */
function causeOf(view, { lane, index }) {
  const place = lane.after_lane[index], other = lane.after[index];
  return place === NOTHING || other === NOTHING ? null : { lane: view.lanes[place], index: other };
}

/* The load that brought what a tile is the first to need, or null. */
function feederOf(view, { lane, index }) {
  const load = lane.fed_by[index];
  return load === NOTHING ? null : { lane: view.lanes.find((one) => one.name === "load"), index: load };
}

/* The slice of a lane that is nearest to a time, or null. */
function nearest(lane, time) {
  if (!lane.length) return null;
  const later = Math.min(countUpTo(lane.end_ps, time), lane.length - 1);
  const earlier = Math.max(0, later - 1);
  const back = lane.start_ps[later] - time > time - lane.end_ps[earlier];
  return { lane, index: back ? earlier : later };
}

/* By operator: 1 where its name or its group holds the text. */
function matching(view, groups, text) {
  const holds = (name) => name.toLowerCase().includes(text.toLowerCase());
  return Uint8Array.from(view.ops, ([name, group]) => Number(holds(name) || holds(groups[group])));
}

/* The first slice of an operator, and from when to when it is on any lane; null without slices. */
function extentOf(view, op) {
  const found = { first: null, start: Infinity, end: -Infinity };
  for (const lane of view.lanes) {
    const index = lane.op.indexOf(op);
    if (index < 0) continue;
    found.first = found.first || { lane, index };
    found.start = Math.min(found.start, lane.start_ps[index]);
    found.end = Math.max(found.end, lane.end_ps[lane.op.lastIndexOf(op)]);
  }
  return found.first && found;
}

/* What there is to say of a slice: label, text, and the slice that it speaks of, if any. */
function factsOf(view, content, slice) {
  const { lane, index } = slice;
  const [, group, layer] = opOf(view, slice);
  const start = startOf(slice), end = endOf(slice);
  const rows = [
    ["tile", tileOf(view, slice)],
    ["group", layer === null ? content.groups[group] : `${content.groups[group]}, layer ${layer}`],
    ["lane", lane.name],
    ["start", exact(start)],
    ["lasts", exact(end - start)],
  ];
  if (lane.issued_ps[index] !== start) rows.push(["issued", exact(lane.issued_ps[index])]);
  if (lane.done_ps[index] !== end) rows.push(["done", exact(lane.done_ps[index])]);
  for (const [name, column] of lane.figures) {
    const [label, show] = FIGURES[name] || [name, grouped];
    if (column[index] || name !== "sram_wait_ps") rows.push([label, show(column[index])]);
  }
  const cause = causeOf(view, slice), load = feederOf(view, slice);
  const word = content.waitedFor[lane.waited_for[index]];
  const told = cause ? `${word}: ${opOf(view, cause)[0]}, ${tileOf(view, cause)}` : word;
  rows.push([lane.group === "DRAM" ? "part of" : "waited for", told, cause]);
  if (load && !(cause && cause.lane === load.lane && cause.index === load.index)) {
    rows.push(["first to need", `load: ${opOf(view, load)[0]}, ${tileOf(view, load)}`, load]);
  }
  return rows;
}
