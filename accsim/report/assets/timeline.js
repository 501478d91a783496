/* The timeline of a pass on a canvas. Times are whole picoseconds throughout.

   Everything that comes from files gets onto the page as textContent or as text on the canvas. */
function accsimTimeline(root) {
  "use strict";

  const AXIS = 22;          // heights in CSS pixels
  const LANE = 20;
  const GAP = 4;
  const COUNTER = 46;
  const LEAST_SPAN = 1000;  // the most that one can zoom in: 1 ns
  const NOTHING = -1;
  const FONT = "12px system-ui, sans-serif";
  const FIGURES = {
    bytes: ["DRAM bytes", (n) => scaled(n, "B")],
    descriptor_bytes: ["bytes of it, all channels", (n) => scaled(n, "B")],
    address: ["address", (n) => "0x" + n.toString(16)],
    cycles: ["core cycles", grouped],
    sram_bytes: ["SRAM traffic", (n) => scaled(n, "B")],
    macs: ["MACs", grouped],
    sram_wait_ps: ["longer for want of SRAM bandwidth", exact],
  };
  const KEYS = [
    ["\u2190 \u2192", "move"], ["+ \u2212", "zoom"], ["0", "whole pass"], ["/", "search"],
    ["n p", "next, previous"], ["\u2191 \u2193", "lane"], ["Enter", "details"],
    ["b", "back to what it waited for"], ["Esc", "let go"],
  ];

  const content = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  const captions = [...root.querySelectorAll("figcaption p")];
  const parts = build();
  const { canvas, tip } = parts;
  const pen = canvas.getContext("2d");
  const fingers = new Map();  // pointers that are down: id -> x

  let view = null;            // the unpacked view that is shown
  let from = 0, to = 1;       // the visible window
  let selected = null;        // {lane, index}, lane being one of view.lanes
  let wanted = "";            // what is searched for
  let matches = null;         // by operator: 1 where it matches; null when nothing is searched
  let style = null;
  let dragged = 0;            // how far the pointer moved since it went down
  let drawing = 0;

  // -- words ---------------------------------------------------------------------------------

  function grouped(n) {
    return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
  }

  function scaled(n, unit) {
    const steps = ["", "k", "M", "G", "T"];
    const power = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(1, Math.abs(n))) / 3)));
    const all = `${grouped(n)} ${unit}`;
    return power ? `${Number((n / 1000 ** power).toPrecision(4))} ${steps[power]}${unit} (${all})` : all;
  }

  function timeUnit(ps) {
    const units = [["s", 1e12], ["ms", 1e9], ["us", 1e6], ["ns", 1e3], ["ps", 1]];
    return units.find(([, size]) => Math.abs(ps) >= size) || units[4];
  }

  function short(ps) {
    const [unit, size] = timeUnit(ps);
    return `${Number((ps / size).toPrecision(5))} ${unit}`;
  }

  function exact(ps) {
    return ps < 1000 ? `${ps} ps` : `${short(ps)} (${grouped(ps)} ps)`;
  }

  /* A time on the axis, with as many decimals as tell neighbours a step apart. */
  function onAxis(ps, step) {
    const [unit, size] = timeUnit(Math.max(ps, step));
    return `${(ps / size).toFixed(Math.max(0, Math.ceil(Math.log10(size / step) - 1e-9)))} ${unit}`;
  }

  // -- data ----------------------------------------------------------------------------------

  /* The columns of a view, written by `_pack` of timeline_canvas.py. */
  async function unpack(packed) {
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

    let top = AXIS + GAP;
    const lanes = packed.lanes.map((given, place) => {
      const lane = { name: given.name, group: given.group, about: given.about, place, top, figures: {} };
      content.laneColumns.forEach((name, i) => { lane[name] = column(given.kinds[i], given.length); });
      given.figures.forEach((name, i) => {
        lane.figures[name] = column(given.kinds[content.laneColumns.length + i], given.length);
      });
      lane.length = given.length;
      top += LANE + GAP;
      return lane;
    });
    const counters = packed.counters.map((given) => {
      const [times, value] = [...given.kinds].map((kind) => column(kind, given.length));
      const counter = { ...given, times, value, top };
      top += COUNTER + GAP;
      return counter;
    });
    return { ...packed, columns: "", lanes, counters, height: top };
  }

  /* How many values of a rising column are at most (or, strictly, below) a limit. */
  function countUpTo(column, limit, strictly) {
    let low = 0, high = column.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (strictly ? column[middle] < limit : column[middle] <= limit) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  const groupOf = (op) => content.groups[view.ops[op][1]];
  const opOf = (slice) => view.ops[slice.lane.op[slice.index]];

  /* The slice that a slice waited for, if the view has it. */
  function before({ lane, index }) {
    const place = lane.after_lane[index];
    const other = place === NOTHING ? NOTHING : lane.after[index];
    return other === NOTHING ? null : { lane: view.lanes[place], index: other };
  }

  /* The load that brought what a tile is the first to need. */
  function feeder({ lane, index }) {
    const load = lane.fed_by[index];
    return load === NOTHING ? null : { lane: view.lanes.find((one) => one.name === "load"), index: load };
  }

  function facts(slice) {
    const { lane, index } = slice;
    const op = opOf(slice);
    const start = lane.start_ps[index], end = lane.end_ps[index];
    const group = content.groups[op[1]];
    const rows = [
      ["tile", view.labels[lane.label[index]]],
      ["group", op[2] === null ? group : `${group}, layer ${op[2]}`],
      ["lane", lane.name],
      ["start", exact(start)],
      ["lasts", exact(end - start)],
    ];
    if (lane.issued_ps[index] !== start) rows.push(["issued", exact(lane.issued_ps[index])]);
    if (lane.done_ps[index] !== end) rows.push(["done", exact(lane.done_ps[index])]);
    for (const [name, column] of Object.entries(lane.figures)) {
      const [label, show] = FIGURES[name] || [name, grouped];
      if (column[index] || name !== "sram_wait_ps") rows.push([label, show(column[index])]);
    }
    const cause = before(slice);
    const word = content.waitedFor[lane.waited_for[index]];
    const name = cause ? `${word}: ${opOf(cause)[0]}, ${view.labels[cause.lane.label[cause.index]]}` : word;
    rows.push([lane.group === "DRAM" ? "part of" : "waited for", name, cause]);
    const load = feeder(slice);
    if (load) rows.push(["first to need", `load: ${view.labels[load.lane.label[load.index]]}`, load]);
    return rows;
  }

  // -- the page ------------------------------------------------------------------------------

  function element(tag, into, text, attributes) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
    if (into) into.append(made);
    return made;
  }

  function button(into, text, label, act) {
    const made = element("button", into, text, { type: "button", "aria-label": label, title: label });
    made.addEventListener("click", act);
    return made;
  }

  function build() {
    const tools = element("div", root, undefined, { class: "tools" });
    const made = { select: null };
    if (content.views.length > 1) {
      made.select = element("select", element("label", tools, "Run"), undefined, { class: "run" });
      content.views.forEach((one, place) => {
        element("option", made.select, `${one.run}, pass ${one.number}`, { value: place });
      });
      made.select.addEventListener("change", () => choose(Number(made.select.value)));
    }
    button(tools, "+", "Zoom in", () => zoom(0.5));
    button(tools, "\u2212", "Zoom out", () => zoom(2));
    button(tools, "whole", "Show the whole pass", () => whole());
    const label = element("label", tools);
    made.search = element("input", label, undefined, {
      type: "search", placeholder: "search operators", "aria-label": "Search operators by name",
    });
    made.search.addEventListener("input", () => search(made.search.value));
    made.search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") canvas.focus();
    });
    button(tools, "\u2039", "Previous match", () => step(-1));
    button(tools, "\u203a", "Next match", () => step(1));
    made.found = element("span", tools, "", { class: "found", role: "status" });
    made.canvas = element("canvas", root, undefined, { tabindex: "0", role: "application" });
    made.tip = element("div", root, undefined, { class: "tip", hidden: "" });
    made.legend = element("ul", root, undefined, { class: "legend", "aria-label": "Colours" });
    made.details = element("div", root, undefined, { class: "details", tabindex: "-1" });
    made.spoken = element("div", root, undefined, { class: "spoken", "aria-live": "polite" });
    const help = element("p", root, "", { class: "help" });
    for (const [key, does] of KEYS) {
      element("kbd", help, key);
      help.append(` ${does}  `);
    }
    help.append(" Wheel or two fingers zoom, dragging moves, a click tells more.");
    return made;
  }

  function fillLegend() {
    parts.legend.replaceChildren();
    const named = content.groups.slice(0, content.colours);
    if (content.groups.length > content.colours) named.push("other");
    named.forEach((name, place) => {
      const entry = element("li", parts.legend);
      element("i", entry).style.background = `var(--t-${place < content.colours ? place : "other"})`;
      entry.append(name);
    });
  }

  function fillFacts(into, slice, withLinks) {
    element("p", into, opOf(slice)[0], { class: "title" });
    const list = element("dl", into);
    for (const [label, value, other] of facts(slice)) {
      element("dt", list, label);
      const cell = element("dd", list, value);
      if (withLinks && other) {
        cell.append(" ");
        button(cell, "go there", `Go to it: ${opOf(other)[0]}`, () => goTo(other));
      }
    }
  }

  function fillDetails() {
    parts.details.replaceChildren();
    if (selected) fillFacts(parts.details, selected, true);
    else element("p", parts.details, "Click a slice to see what it is and what it waited for.", { class: "help" });
  }

  function say(text) {
    parts.spoken.textContent = text;
  }

  // -- what is shown ---------------------------------------------------------------------------

  async function choose(place) {
    if (parts.select) parts.select.value = String(place);
    const packed = content.views[place];
    const shown = "lanes" in packed && packed.height ? packed : await unpack(packed);
    content.views[place] = view = shown;
    captions.forEach((caption, i) => { caption.hidden = i !== place; });
    canvas.style.height = `${view.height}px`;
    canvas.dataset.run = view.run;
    canvas.setAttribute("aria-label", `Timeline of ${view.run}, ${view.title}`);
    selected = null;
    tip.hidden = true;
    search(wanted);
    fillDetails();
    whole();
  }

  function show(start, end) {
    const span = Math.min(view.elapsed, Math.max(LEAST_SPAN, Math.round(end - start)));
    const middle = (start + end) / 2;
    from = Math.round(Math.min(view.elapsed - span, Math.max(0, middle - span / 2)));
    to = from + span;
    canvas.dataset.from = from;
    canvas.dataset.to = to;
    later();
  }

  const whole = () => show(0, view.elapsed);
  const move = (part) => show(from + part * (to - from), to + part * (to - from));

  /* Make the window `factor` times as wide; the time `about` stays where it is. */
  function zoom(factor, about) {
    const still = about === undefined ? middle() : about;
    const span = Math.max(LEAST_SPAN, (to - from) * factor);
    const start = Math.max(0, still - ((still - from) / (to - from)) * span);
    show(start, Math.min(view.elapsed, start + span));
    say(`${short(from)} to ${short(to)}`);
  }

  /* Where keys zoom: at the selected slice if it is in sight, else in the middle. */
  function middle() {
    if (selected) {
      const at = (selected.lane.start_ps[selected.index] + selected.lane.end_ps[selected.index]) / 2;
      if (at >= from && at <= to) return at;
    }
    return (from + to) / 2;
  }

  function select(slice) {
    selected = slice;
    fillDetails();
    if (slice) {
      const start = slice.lane.start_ps[slice.index], end = slice.lane.end_ps[slice.index];
      const tile = view.labels[slice.lane.label[slice.index]];
      say(`${slice.lane.name}: ${opOf(slice)[0]}, ${tile}, at ${short(start)}, lasts ${short(end - start)}`);
    }
    later();
  }

  /* Select a slice and bring it into sight, wide enough to be seen. */
  function goTo(slice) {
    const start = slice.lane.start_ps[slice.index], end = slice.lane.end_ps[slice.index];
    const room = Math.max(end - start, LEAST_SPAN / 20);
    const span = Math.max(room * 1.5, Math.min(to - from, room * 60));
    if (start < from || end > to || span < to - from) {
      show((start + end - span) / 2, (start + end + span) / 2);
    }
    select(slice);
  }

  // -- search --------------------------------------------------------------------------------

  function search(text) {
    wanted = text;
    const part = text.trim().toLowerCase();
    matches = null;
    parts.found.textContent = "";
    if (part) {
      matches = Uint8Array.from(view.ops, ([name], op) =>
        Number(name.toLowerCase().includes(part) || groupOf(op).toLowerCase().includes(part)));
      const count = matches.reduce((sum, one) => sum + one, 0);
      parts.found.textContent = count === 1 ? "1 operator" : `${grouped(count)} operators`;
    }
    later();
  }

  const isWanted = (lane, index) => !matches || matches[lane.op[index]] === 1;

  /* The next wanted slice of a lane from a place on, in one direction, or null. */
  function nextWanted(lane, index, direction) {
    while (index >= 0 && index < lane.length && !isWanted(lane, index)) index += direction;
    return index >= 0 && index < lane.length ? { lane, index } : null;
  }

  /* Go to the next or previous match in the lane of the selection; without one, to the first. */
  function step(direction) {
    let found = selected && nextWanted(selected.lane, selected.index + direction, direction);
    if (!selected || !isWanted(selected.lane, selected.index)) {
      found = found || view.lanes.map((lane) => nextWanted(lane, 0, 1)).find((slice) => slice);
    }
    if (found) goTo(found);
    else say(direction > 0 ? "no later match in this lane" : "no earlier match in this lane");
  }

  /* The slice of a lane that is nearest to a time. */
  function nearest(lane, time) {
    if (!lane.length) return null;
    const after = Math.min(countUpTo(lane.end_ps, time), lane.length - 1);
    const earlier = Math.max(0, after - 1);
    const near = lane.start_ps[after] - time > time - lane.end_ps[earlier] ? earlier : after;
    return { lane, index: near };
  }

  /* Up and down: the slice at the same time in the next lane that has one. */
  function changeLane(direction) {
    const time = selected ? selected.lane.start_ps[selected.index] : middle();
    let place = selected ? selected.lane.place + direction : 0;
    while (view.lanes[place] && !view.lanes[place].length) place += direction;
    if (view.lanes[place]) goTo(nearest(view.lanes[place], time));
  }

  function showOperator({ run, op }) {
    const place = content.views.findIndex((one) => one.run === run);
    if (place < 0 || typeof op !== "string") return;
    choose(place).then(() => {
      parts.search.value = op;
      search(op);
      const named = view.ops.findIndex(([name]) => name === op);
      const first = named >= 0 ? named : matches ? matches.indexOf(1) : -1;
      if (first >= 0) showWhole(first);
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      root.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "nearest" });
      canvas.focus({ preventScroll: true });
    });
  }

  /* Show all slices of an operator, and select the first of them. */
  function showWhole(op) {
    let start = Infinity, end = -Infinity, first = null;
    for (const lane of view.lanes) {
      const index = lane.op.indexOf(op);
      if (index < 0) continue;
      first = first || { lane, index };
      start = Math.min(start, lane.start_ps[index]);
      end = Math.max(end, lane.end_ps[lane.op.lastIndexOf(op)]);
    }
    if (!first) return;
    const margin = 0.1 * (end - start);
    show(start - margin, end + margin);
    select(first);
  }

  // -- drawing -------------------------------------------------------------------------------

  function later() {
    if (!drawing) drawing = requestAnimationFrame(() => { drawing = 0; draw(); });
  }

  function readStyle() {
    const found = getComputedStyle(root);
    const colour = (name) => found.getPropertyValue(`--t-${name}`).trim();
    const names = [...Array(content.colours).keys(), "other"];
    style = { ink: colour("ink"), faint: colour("faint"), line: colour("line"), page: colour("page"), mark: colour("mark") };
    style.groups = names.map(colour);
    style.texts = style.groups.map(inkOn);
  }

  /* Black or white, whichever is easier to read on a colour (#rrggbb). */
  function inkOn(colour) {
    const [r, g, b] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000" : "#fff";
  }

  const gutter = () => (canvas.clientWidth < 560 ? 66 : 92);
  const perPs = () => (canvas.clientWidth - gutter()) / (to - from);
  const toX = (time) => gutter() + (time - from) * perPs();
  const toTime = (x) => from + (x - gutter()) / perPs();

  function draw() {
    const width = canvas.clientWidth, height = canvas.clientHeight;
    if (!view || !width) return;
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.font = FONT;
    pen.textBaseline = "middle";
    drawAxis(width, height);
    for (const lane of view.lanes) drawName(lane.name, lane.top, LANE);
    for (const counter of view.counters) drawName(counter.name, counter.top, COUNTER);
    pen.save();
    pen.beginPath();
    pen.rect(gutter(), 0, width - gutter(), height);
    pen.clip();
    for (const lane of view.lanes) drawLane(lane, 1 / ratio);
    for (const counter of view.counters) drawCounter(counter, width);
    if (selected) drawSelection();
    pen.restore();
  }

  function drawAxis(width, height) {
    const least = (to - from) * (96 / (width - gutter()));
    const power = 10 ** Math.floor(Math.log10(least));
    const tick = Math.max(1, power * [1, 2, 5, 10].find((n) => n * power >= least));
    pen.textAlign = "left";
    for (let time = Math.ceil(from / tick) * tick; time <= to; time += tick) {
      const x = toX(time), text = onAxis(time, tick);
      pen.fillStyle = style.line;
      pen.fillRect(x, AXIS - 6, 1, height);
      pen.fillStyle = style.faint;
      if (x + 4 + pen.measureText(text).width < width) pen.fillText(text, x + 4, AXIS / 2);
    }
  }

  function drawName(name, top, height) {
    pen.fillStyle = style.ink;
    pen.textAlign = "left";
    pen.fillText(fitted(name, gutter() - 6), 0, top + height / 2);
    pen.fillStyle = style.line;
    pen.fillRect(0, top + height + GAP / 2, canvas.clientWidth, 0.5);
  }

  /* As much of a text as has room, or "". */
  function fitted(text, room) {
    if (pen.measureText(text).width <= room) return text;
    let length = Math.floor(room / 6);
    while (length > 1 && pen.measureText(`${text.slice(0, length)}\u2026`).width > room) length--;
    return length > 1 ? `${text.slice(0, length)}\u2026` : "";
  }

  const colourOf = (op) => Math.min(view.ops[op][1], content.colours);

  /* Slices as bars; those narrower than a pixel are drawn together, the fainter the less of the
     pixel they fill, in the colour of the longest (of those searched for, if there are any). */
  function drawLane(lane, pixel) {
    const scale = perPs(), left = gutter();
    const { start_ps, end_ps, op, top } = lane;
    const stop = countUpTo(start_ps, to);
    let cell = -1, filled = 0, longest = 0, shown = -1, hit = false;

    function bar(x, width, which, strength, named) {
      pen.globalAlpha = named ? strength : strength * 0.18;
      pen.fillStyle = style.groups[colourOf(which)];
      pen.fillRect(x, top, width, LANE);
    }
    function flush() {
      if (shown >= 0) bar(left + cell * pixel, pixel, shown, 0.25 + 0.75 * Math.min(1, filled), hit);
      filled = longest = 0;
      shown = -1;
      hit = false;
    }
    for (let i = countUpTo(end_ps, from); i < stop; i++) {
      const start = Math.max(start_ps[i], from), end = Math.min(end_ps[i], to);
      const x = (start - from) * scale, width = (end - start) * scale;
      const named = !matches || matches[op[i]] === 1;
      if (width >= pixel) {
        flush();
        bar(left + x, width > 4 ? width - 0.5 : width, op[i], 1, named);
        if (width > 30) drawLabel(op[i], left + x, width, top, named);
        continue;
      }
      const at = Math.floor(x / pixel);
      if (at !== cell) {
        flush();
        cell = at;
      }
      filled += width / pixel;
      if ((named && !hit) || (named === hit && width > longest) || shown < 0) {
        longest = width;
        shown = op[i];
        hit = named;
      }
    }
    flush();
    pen.globalAlpha = 1;
  }

  function drawLabel(which, x, width, top, named) {
    const name = view.ops[which][0];
    const text = pen.measureText(name).width <= width - 8 ? name : fitted(groupOf(which), width - 8);
    pen.globalAlpha = 1;
    pen.fillStyle = named ? style.texts[colourOf(which)] : style.faint;
    pen.textAlign = "left";
    pen.fillText(text, x + 4, top + LANE / 2 + 1);
  }

  /* An area up to the least value within each pixel, and a lighter one up to the most. */
  function drawCounter(counter, width) {
    const { times, value, top, limit } = counter;
    const floor = top + COUNTER, left = gutter();
    let next = Math.max(1, countUpTo(times, from));
    for (let x = left; x < width; x++) {
      const until = toTime(x + 1);
      let least = value[next - 1], most = least;
      for (; next < times.length && times[next] < until; next++) {
        least = Math.min(least, value[next]);
        most = Math.max(most, value[next]);
      }
      const high = (COUNTER * Math.min(most, limit)) / limit, low = (COUNTER * Math.min(least, limit)) / limit;
      pen.fillStyle = style.groups[0];
      pen.globalAlpha = 0.3;
      pen.fillRect(x, floor - high, 1, high - low);
      pen.globalAlpha = 0.65;
      pen.fillRect(x, floor - low, 1, low);
    }
    pen.globalAlpha = 1;
    pen.fillStyle = style.faint;
    pen.textAlign = "right";
    pen.fillText(`of ${counterText(counter, limit)}`, width - 3, top + 8);
  }

  function counterText(counter, value) {
    if (counter.unit !== "B") return `${Number(value.toPrecision(4))} ${counter.unit}`;
    return value < 2 ** 20 ? `${Math.round(value / 102.4) / 10} KiB` : `${Math.round(value / 2 ** 20 * 100) / 100} MiB`;
  }

  function drawSelection() {
    outline(selected, 2);
    for (const other of [before(selected), feeder(selected)]) {
      if (!other) continue;
      outline(other, 1);
      drawArrow(other, selected);
    }
  }

  function outline({ lane, index }, thick) {
    const x = toX(lane.start_ps[index]);
    pen.strokeStyle = style.mark;
    pen.lineWidth = thick;
    pen.strokeRect(x, lane.top - 1, Math.max(2, toX(lane.end_ps[index]) - x), LANE + 2);
  }

  /* From the end of a slice to the start of the one that waited for it. */
  function drawArrow(cause, effect) {
    const x0 = toX(Math.min(cause.lane.end_ps[cause.index], effect.lane.start_ps[effect.index]));
    const x1 = toX(effect.lane.start_ps[effect.index]);
    const down = effect.lane.top > cause.lane.top;
    const y0 = cause.lane.top + (down ? LANE : 0), y1 = effect.lane.top + (down ? 0 : LANE);
    const tip = down ? -6 : 6;
    if (cause.lane === effect.lane) return;
    pen.strokeStyle = pen.fillStyle = style.mark;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.bezierCurveTo(x0, (y0 + y1) / 2, x1, (y0 + y1) / 2, x1, y1 + tip);
    pen.stroke();
    pen.beginPath();
    pen.moveTo(x1, y1);
    pen.lineTo(x1 - 4, y1 + tip);
    pen.lineTo(x1 + 4, y1 + tip);
    pen.fill();
  }

  // -- pointing ------------------------------------------------------------------------------

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /* The slice at a point, or the nearest within three pixels of it. */
  function pick({ x, y }) {
    const lane = view.lanes.find((one) => y >= one.top && y < one.top + LANE);
    if (!lane || x < gutter()) return null;
    const found = nearest(lane, toTime(x));
    if (!found) return null;
    const off = Math.max(toX(lane.start_ps[found.index]) - x, x - toX(lane.end_ps[found.index]));
    return off <= 3 ? found : null;
  }

  function hover(event) {
    const at = place(event);
    tip.replaceChildren();
    const slice = pick(at);
    const counter = view.counters.find((one) => at.y >= one.top && at.y < one.top + COUNTER);
    const lane = view.lanes.find((one) => at.y >= one.top && at.y < one.top + LANE);
    if (slice) {
      fillFacts(tip, slice, false);
    } else if (counter && at.x >= gutter()) {
      const time = toTime(at.x);
      const now = counter.value[Math.max(0, countUpTo(counter.times, time) - 1)];
      element("p", tip, `${counter.name}: ${counterText(counter, now)} at ${short(Math.round(time))}`, { class: "title" });
      element("p", tip, counter.about, { class: "help" });
    } else if (at.x < gutter() && (lane || counter)) {
      element("p", tip, (lane || counter).about, { class: "help" });
    }
    tip.hidden = !tip.firstChild;
    if (tip.hidden) return;
    const above = canvas.offsetTop + at.y;
    const room = root.clientWidth - tip.offsetWidth;
    tip.style.left = `${Math.max(0, Math.min(room, at.x + 14))}px`;
    tip.style.top = `${above + 18}px`;
  }

  function pointerDown(event) {
    if (event.button) return;
    fingers.set(event.pointerId, place(event).x);
    canvas.setPointerCapture(event.pointerId);
    if (fingers.size === 1) dragged = 0;
  }

  function pointerMove(event) {
    const { x } = place(event);
    if (!fingers.has(event.pointerId)) {
      hover(event);
      return;
    }
    const old = fingers.get(event.pointerId);
    dragged += Math.abs(x - old);
    fingers.set(event.pointerId, x);
    if (fingers.size === 2) {
      const [still] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, where]) => where);
      const factor = Math.abs(old - still) / Math.max(1, Math.abs(x - still));
      if (Math.abs(old - still) > 1) zoom(factor, toTime(still));
    } else if (dragged > 4) {
      tip.hidden = true;
      move((old - x) / (canvas.clientWidth - gutter()));
    }
  }

  function pointerUp(event) {
    if (!fingers.delete(event.pointerId)) return;
    if (event.type === "pointerup" && dragged <= 4 && !fingers.size) select(pick(place(event)));
  }

  /* Zoom about the pointer; sideways moves. Where there is nothing to zoom out, the page scrolls. */
  function wheel(event) {
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    const across = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!across && event.deltaY > 0 && to - from >= view.elapsed) return;
    event.preventDefault();
    tip.hidden = true;
    if (across) move(sideways / (canvas.clientWidth - gutter()));
    else zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), toTime(Math.max(gutter(), place(event).x)));
  }

  const acts = {
    ArrowLeft: () => move(-0.15),
    ArrowRight: () => move(0.15),
    ArrowUp: () => changeLane(-1),
    ArrowDown: () => changeLane(1),
    "+": () => zoom(0.5),
    "=": () => zoom(0.5),
    "-": () => zoom(2),
    0: whole,
    "/": () => parts.search.select(),
    n: () => step(1),
    p: () => step(-1),
    b: () => selected && before(selected) && goTo(before(selected)),
    Enter: () => (selected ? parts.details.focus() : changeLane(0)),
    Escape: () => select(null),
  };

  function keyDown(event) {
    const act = Object.hasOwn(acts, event.key) && acts[event.key];
    if (!act || !view || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    tip.hidden = true;
    act();
  }

  function restyle() {
    readStyle();
    later();
  }

  function listen() {
    canvas.addEventListener("pointerdown", pointerDown);
    canvas.addEventListener("pointermove", (event) => view && pointerMove(event));
    canvas.addEventListener("pointerup", pointerUp);
    canvas.addEventListener("pointercancel", pointerUp);
    canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
    canvas.addEventListener("wheel", (event) => view && wheel(event), { passive: false });
    canvas.addEventListener("keydown", keyDown);
    document.addEventListener("accsim:show-operator", (event) => showOperator(event.detail || {}));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
    new ResizeObserver(later).observe(canvas);
  }

  function complain(error) {
    element("p", root, `The timeline cannot be drawn: ${error.message}`, { role: "alert" });
  }

  readStyle();
  fillLegend();
  listen();
  canvas.accsimDraw = draw;  // for benchmarks
  choose(0).catch(complain);
}
