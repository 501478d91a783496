/* The timeline of a pass: what is shown, and what keys, pointers and other parts of the page do.
   Times are whole picoseconds. Text of files gets onto the page as textContent or on the canvas. */

const LEAST_SPAN = 1000;  // how far one can zoom in: 1 ns
const KEYS = [
  ["\u2190 \u2192", "move"], ["+ \u2212", "zoom"], ["0", "whole pass"], ["\u2191 \u2193", "lane"],
  ["/", "search"], ["n p", "next, previous"], ["b", "back to what it waited for"],
  ["Enter", "details"], ["Esc", "let go"],
];

function accsimTimeline(root) {
  const content = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
  const captions = [...root.querySelectorAll("figcaption p")];
  const parts = build();
  const { canvas, tip } = parts;
  const seen = { view: null, from: 0, to: 1, selected: null, matches: null };
  const paint = painter(root, canvas, content, seen);
  const fingers = new Map();  // pointers that are down, and where: id -> x
  let dragged = 0;            // how far the pointer has moved since it went down
  let drawing = 0, choosing = 0;

  // -- the page ------------------------------------------------------------------------------

  function element(tag, into, text, attributes) {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
    into.append(made);
    return made;
  }

  function button(into, text, label, act) {
    const made = element("button", into, text, { type: "button", "aria-label": label, title: label });
    made.addEventListener("click", act);
  }

  function build() {
    const made = {};
    const tools = element("div", root, undefined, { class: "tools" });
    if (content.views.length > 1) made.select = buildChoice(tools);
    button(tools, "+", "Zoom in", () => zoom(0.5));
    button(tools, "\u2212", "Zoom out", () => zoom(2));
    button(tools, "whole", "Show the whole pass", () => whole());
    made.search = buildSearch(tools);
    made.found = element("span", tools, "", { class: "found", role: "status" });
    made.canvas = element("canvas", root, undefined, {
      tabindex: "0", role: "application", "aria-describedby": `${root.id}-keys`,
    });
    made.tip = element("div", root, undefined, { class: "tip", hidden: "" });
    buildLegend();
    made.details = element("div", root, undefined, { class: "details", tabindex: "-1" });
    made.spoken = element("div", root, undefined, { class: "spoken", "aria-live": "polite" });
    buildHelp();
    return made;
  }

  function buildChoice(into) {
    const made = element("select", element("label", into, "Run"), undefined, { class: "run" });
    content.views.forEach((one, place) => {
      element("option", made, `${one.run}, pass ${one.number}`, { value: place });
    });
    made.addEventListener("change", () => choose(Number(made.value)));
    return made;
  }

  function buildSearch(into) {
    const made = element("input", into, undefined, {
      type: "search", placeholder: "search operators", "aria-label": "Search operators by name",
    });
    made.addEventListener("input", search);
    made.addEventListener("keydown", (event) => {
      if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
      if (event.key === "Escape") canvas.focus();
    });
    button(into, "\u2039", "Previous match", () => step(-1));
    button(into, "\u203a", "Next match", () => step(1));
    return made;
  }

  function buildLegend() {
    const list = element("ul", root, undefined, { class: "legend", "aria-label": "Colours" });
    const names = content.groups.slice(0, content.colours);
    if (content.groups.length > names.length) names.push("other");
    names.forEach((name, place) => {
      const entry = element("li", list);
      const number = place < content.colours ? place : "other";
      element("i", entry).style.background = `var(--t-${number})`;
      entry.append(name);
    });
  }

  function buildHelp() {
    const help = element("p", root, undefined, { class: "help", id: `${root.id}-keys` });
    help.append("Wheel or two fingers zoom, dragging moves, a click tells more. Keys: ");
    KEYS.forEach(([key, does], place) => {
      element("kbd", help, key);
      help.append(` ${does}${place + 1 < KEYS.length ? ", " : "."}`);
    });
  }

  function fillFacts(into, slice, linked) {
    element("p", into, opOf(seen.view, slice)[0], { class: "title" });
    const list = element("dl", into);
    for (const [label, text, other] of factsOf(seen.view, content, slice)) {
      element("dt", list, label);
      const cell = element("dd", list, text);
      if (!linked || !other) continue;
      cell.append(" ");
      button(cell, "go there", `Go to ${text}`, () => goTo(other));
    }
  }

  function fillDetails() {
    parts.details.replaceChildren();
    if (seen.selected) fillFacts(parts.details, seen.selected, true);
    else element("p", parts.details, "Click a slice to see what it is and what it waited for.");
  }

  function say(text) {
    parts.spoken.textContent = text;
  }

  // -- what is shown -------------------------------------------------------------------------

  /* Show a view; whether it still is the one that was asked for when it has been unpacked. */
  async function choose(place) {
    const asked = ++choosing;
    const packed = content.views[place];
    const view = packed.columns ? await unpack(packed, content.laneColumns) : packed;
    if (asked !== choosing) return false;
    content.views[place] = seen.view = view;
    seen.selected = null;
    if (parts.select) parts.select.value = String(place);
    captions.forEach((caption, i) => { caption.hidden = i !== place; });
    canvas.setAttribute("aria-label", `Timeline of ${view.run}, ${view.title}`);
    canvas.dataset.run = view.run;
    paint.fit();
    canvas.dataset.left = paint.left();
    search();
    fillDetails();
    whole();
    return true;
  }

  function show(start, end) {
    const { elapsed } = seen.view;
    const span = Math.min(elapsed, Math.max(LEAST_SPAN, Math.round(end - start)));
    seen.from = Math.round(Math.min(elapsed - span, Math.max(0, (start + end - span) / 2)));
    seen.to = seen.from + span;
    canvas.dataset.from = seen.from;
    canvas.dataset.to = seen.to;
    tip.hidden = true;
    later();
  }

  function later() {
    if (!seen.view || drawing) return;
    drawing = requestAnimationFrame(() => { drawing = 0; paint.draw(); });
  }

  const whole = () => show(0, seen.view.elapsed);

  function move(part) {
    const way = part * (seen.to - seen.from);
    show(seen.from + way, seen.to + way);
  }

  /* Make the window `factor` times as wide; the time `still` stays where it is. */
  function zoom(factor, still = middle()) {
    const span = Math.max(LEAST_SPAN, (seen.to - seen.from) * factor);
    const start = still - ((still - seen.from) / (seen.to - seen.from)) * span;
    show(start, start + span);
    say(`${short(seen.from)} to ${short(seen.to)}`);
  }

  /* Where keys zoom: at the selected slice if it is in sight, else in the middle. */
  function middle() {
    const at = seen.selected ? (startOf(seen.selected) + endOf(seen.selected)) / 2 : NOTHING;
    return at >= seen.from && at <= seen.to ? at : (seen.from + seen.to) / 2;
  }

  function select(slice) {
    seen.selected = slice;
    fillDetails();
    later();
    if (!slice) return;
    const start = startOf(slice), name = `${opOf(seen.view, slice)[0]}, ${tileOf(seen.view, slice)}`;
    say(`${slice.lane.name}: ${name}, at ${short(start)}, lasts ${short(endOf(slice) - start)}`);
  }

  /* Select a slice and bring it into sight, wide enough to be seen. */
  function goTo(slice) {
    const start = startOf(slice), end = endOf(slice), now = seen.to - seen.from;
    const length = Math.max(end - start, LEAST_SPAN / 20);
    const span = Math.max(length * 1.5, Math.min(now, length * 60));
    if (start < seen.from || end > seen.to || span < now) {
      show((start + end - span) / 2, (start + end + span) / 2);
    }
    select(slice);
  }

  // -- search --------------------------------------------------------------------------------

  function search() {
    const text = parts.search.value.trim();
    seen.matches = text ? matching(seen.view, content.groups, text) : null;
    const count = text ? seen.matches.reduce((sum, one) => sum + one, 0) : 0;
    parts.found.textContent = text ? `${grouped(count)} operator${count === 1 ? "" : "s"}` : "";
    later();
  }

  const isWanted = (lane, index) => !seen.matches || seen.matches[lane.op[index]] === 1;

  /* The next wanted slice of a lane from a place on, in one direction, or null. */
  function nextWanted(lane, index, direction) {
    while (lane.op[index] !== undefined && !isWanted(lane, index)) index += direction;
    return lane.op[index] === undefined ? null : { lane, index };
  }

  /* Go to the next or previous match in the lane of the selection; without one, to the first. */
  function step(direction) {
    const at = seen.selected;
    const found = at && isWanted(at.lane, at.index)
      ? nextWanted(at.lane, at.index + direction, direction)
      : seen.view.lanes.map((lane) => nextWanted(lane, 0, 1)).find((slice) => slice);
    if (found) goTo(found);
    else say(seen.matches ? "no further match in this lane" : "no further slice in this lane");
  }

  /* The slice at the same time in the next lane that has any; without a selection, in the first. */
  function changeLane(direction) {
    const at = seen.selected;
    const lanes = seen.view.lanes.filter((lane) => lane.length || lane === (at && at.lane));
    const lane = lanes[at ? lanes.indexOf(at.lane) + direction : 0];
    if (lane) goTo(nearest(lane, at ? startOf(at) : middle()));
  }

  /* What the event `accsim:show-operator` asks for; of a group, its first operator is shown. */
  async function showOperator({ run, op }) {
    const place = content.views.findIndex((one) => one.run === run);
    if (place < 0 || typeof op !== "string" || !(await choose(place))) return;
    parts.search.value = op;
    search();
    const named = seen.view.ops.findIndex(([name]) => name === op);
    const found = extentOf(seen.view, named >= 0 || !seen.matches ? named : seen.matches.indexOf(1));
    if (found) {
      const margin = 0.1 * (found.end - found.start);
      show(found.start - margin, found.end + margin);
      select(found.first);
    }
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    root.scrollIntoView({ behavior: still ? "auto" : "smooth", block: "nearest" });
    canvas.focus({ preventScroll: true });
  }

  // -- pointers and keys ---------------------------------------------------------------------

  function pointAt(event) {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  function hover(point) {
    const slice = paint.pick(point);
    const lane = paint.laneAt(point.y), counter = paint.counterAt(point.y);
    tip.replaceChildren();
    if (slice) fillFacts(tip, slice, false);
    else if (point.x < paint.left() && (lane || counter)) element("p", tip, (lane || counter).about);
    else if (counter) {
      const time = paint.toTime(point.x);
      const value = counter.value[Math.max(0, countUpTo(counter.times, time) - 1)];
      element("p", tip, `${counter.name}: ${amount(counter, value)} at ${short(Math.round(time))}`);
    }
    tip.hidden = !tip.firstChild;
    if (!tip.hidden) placeTip(point);
  }

  /* Beside the pointer, below it if there is room in the window and else above. */
  function placeTip({ x, y }) {
    const below = canvas.getBoundingClientRect().top + y + 18 + tip.offsetHeight < innerHeight;
    const left = Math.max(0, Math.min(root.clientWidth - tip.offsetWidth, x + 14));
    tip.style.left = `${left}px`;
    tip.style.top = `${canvas.offsetTop + (below ? y + 18 : y - 12 - tip.offsetHeight)}px`;
  }

  function pointerDown(event) {
    if (event.button) return;
    if (!fingers.size) dragged = 0;
    fingers.set(event.pointerId, pointAt(event).x);
    canvas.setPointerCapture(event.pointerId);
  }

  function pointerMove(event) {
    const point = pointAt(event), old = fingers.get(event.pointerId);
    if (old === undefined) {
      hover(point);
      return;
    }
    dragged += Math.abs(point.x - old);
    fingers.set(event.pointerId, point.x);
    const other = [...fingers.keys()].find((id) => id !== event.pointerId);
    if (other !== undefined) pinch(fingers.get(other), old, point.x);
    else if (dragged > 4) move((old - point.x) / paint.width());
  }

  /* One finger stays, the other goes from one place to another. */
  function pinch(still, old, now) {
    const before = Math.abs(old - still), after = Math.abs(now - still);
    if (before > 1 && after > 1) zoom(before / after, paint.toTime(still));
  }

  function pointerUp(event) {
    const ended = fingers.delete(event.pointerId) && !fingers.size;
    if (ended && event.type === "pointerup" && dragged <= 4) select(paint.pick(pointAt(event)));
  }

  /* Zoom about the pointer; sideways moves. Where there is nothing to zoom out, the page scrolls. */
  function wheel(event) {
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!sideways && event.deltaY > 0 && seen.to - seen.from >= seen.view.elapsed) return;
    event.preventDefault();
    if (sideways) move((event.deltaX || event.deltaY) / paint.width());
    else zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), paint.toTime(pointAt(event).x));
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
    b: goBack,
    Enter: () => (seen.selected ? parts.details.focus() : changeLane(1)),
    Escape: () => select(null),
  };

  function goBack() {
    const cause = seen.selected && causeOf(seen.view, seen.selected);
    if (cause) goTo(cause);
  }

  function keyDown(event) {
    if (!Object.hasOwn(acts, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    acts[event.key]();
  }

  function listen() {
    canvas.addEventListener("pointerdown", pointerDown);
    canvas.addEventListener("pointermove", pointerMove);
    canvas.addEventListener("pointerup", pointerUp);
    canvas.addEventListener("pointercancel", pointerUp);
    canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
    canvas.addEventListener("wheel", wheel, { passive: false });
    canvas.addEventListener("keydown", keyDown);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restyle);
    new ResizeObserver(later).observe(canvas);
  }

  function restyle() {
    paint.restyle();
    later();
  }

  root.inert = true;  // until there is something to see
  document.addEventListener("accsim:show-operator", (event) => showOperator(event.detail || {}));
  choose(0).then(listen).then(() => { root.inert = false; }).catch((error) => {
    element("p", root, `The timeline cannot be drawn: ${error.message}`, { role: "alert" });
  });
  canvas.accsimDraw = paint.draw;  // for benchmarks
}
