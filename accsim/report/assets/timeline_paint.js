/* Drawing: a picture of a view through a window in time. All sizes are CSS pixels. */

const AXIS = 22, LANE = 20, GAP = 4, COUNTER = 46;
const FONT = "12px system-ui, sans-serif";

/* `content` is what the page brought, `seen` what is to be drawn now: {view, from, to, selected,
   matches}, kept up to date by its owner. */
function painter(root, canvas, content, seen) {
  const pen = canvas.getContext("2d");
  let style, gutter = 0;

  // -- places --------------------------------------------------------------------------------

  const topOf = (lane) => AXIS + GAP + lane.place * (LANE + GAP);
  const counterTop = (place) => topOf({ place: seen.view.lanes.length }) + place * (COUNTER + GAP);
  const perPs = () => (canvas.clientWidth - gutter) / (seen.to - seen.from);
  const toX = (time) => gutter + (time - seen.from) * perPs();
  const toTime = (x) => seen.from + (Math.max(x, gutter) - gutter) / perPs();
  const laneAt = (y) => seen.view.lanes.find((lane) => y >= topOf(lane) && y < topOf(lane) + LANE);
  const counterAt = (y) =>
    seen.view.counters.find((_, i) => y >= counterTop(i) && y < counterTop(i) + COUNTER);

  /* The slice at a point, or the nearest within three pixels of it. */
  function pick({ x, y }) {
    const lane = x < gutter ? null : laneAt(y);
    const found = lane && nearest(lane, toTime(x));
    if (!found) return null;
    return Math.max(toX(startOf(found)) - x, x - toX(endOf(found))) <= 3 ? found : null;
  }

  /* Make room for a view. */
  function fit() {
    pen.font = FONT;
    const { lanes, counters } = seen.view;
    const names = [...lanes, ...counters].map((one) => one.name).concat(counters.map(limitOf));
    gutter = Math.ceil(8 + Math.max(...names.map((name) => pen.measureText(name).width)));
    canvas.style.height = `${counterTop(counters.length)}px`;
  }

  // -- colours -------------------------------------------------------------------------------

  function restyle() {
    const found = getComputedStyle(root);
    const colour = (name) => found.getPropertyValue(`--t-${name}`).trim();
    const groups = [...Array(content.colours).keys(), "other"].map(colour);
    style = { groups, texts: groups.map(inkOn) };
    for (const name of ["ink", "faint", "line", "mark"]) style[name] = colour(name);
  }

  /* Black or white, whichever is easier to read on a colour (#rrggbb). */
  function inkOn(colour) {
    const [r, g, b] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000" : "#fff";
  }

  const colourOf = (op) => Math.min(seen.view.ops[op][1], content.colours);

  // -- the picture ---------------------------------------------------------------------------

  function draw() {
    const width = canvas.clientWidth, height = canvas.clientHeight, ratio = devicePixelRatio || 1;
    if (!width) return;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.font = FONT;
    pen.textBaseline = "middle";
    const { lanes, counters } = seen.view;
    drawAxis(width, height);
    for (const lane of lanes) drawName(lane.name, topOf(lane), LANE);
    counters.forEach((one, i) => drawName(one.name, counterTop(i), COUNTER, limitOf(one)));
    pen.save();
    pen.beginPath();
    pen.rect(gutter, 0, width - gutter, height);
    pen.clip();
    for (const lane of lanes) drawLane(lane, 1 / ratio);
    counters.forEach((counter, i) => drawCounter(counter, counterTop(i), width));
    if (seen.selected) drawSelection();
    pen.restore();
  }

  function drawAxis(width, height) {
    const least = (seen.to - seen.from) * (80 / (width - gutter));
    const power = 10 ** Math.floor(Math.log10(least));
    const tick = Math.max(1, power * [1, 2, 5, 10].find((n) => n * power >= least));
    pen.textAlign = "left";
    for (let time = Math.ceil(seen.from / tick) * tick; time <= seen.to; time += tick) {
      const x = toX(time), text = onAxis(time, tick);
      pen.fillStyle = style.line;
      pen.fillRect(x, AXIS - 6, 1, height);
      pen.fillStyle = style.faint;
      if (x + 4 + pen.measureText(text).width < width) pen.fillText(text, x + 4, AXIS / 2);
    }
  }

  function drawName(name, top, height, second) {
    const middle = top + height / 2;
    pen.textAlign = "left";
    pen.fillStyle = style.ink;
    pen.fillText(name, 0, second ? middle - 8 : middle);
    pen.fillStyle = style.faint;
    if (second) pen.fillText(second, 0, middle + 8);
    pen.fillStyle = style.line;
    pen.fillRect(0, top + height + GAP / 2, canvas.clientWidth, 0.5);
  }

  /* Slices as bars; those narrower than a pixel are drawn together, the fainter the less of the
     pixel they fill, in the colour of the longest (of those searched for, if there are any). */
  function drawLane(lane, pixel) {
    const { start_ps, end_ps, op } = lane, { from, to, matches } = seen;
    const top = topOf(lane), scale = perPs(), stop = countUpTo(start_ps, to);
    let cell = -1, filled = 0, longest = 0, shown = -1, hit = false;

    function bar(x, width, which, strength, named) {
      pen.globalAlpha = named ? strength : strength * 0.18;
      pen.fillStyle = style.groups[colourOf(which)];
      pen.fillRect(gutter + x, top, width, LANE);
    }
    function flush() {
      if (shown >= 0) bar(cell * pixel, pixel, shown, 0.4 + 0.6 * Math.min(1, filled), hit);
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
        bar(x, width > 4 ? width - 0.5 : width, op[i], 1, named);
        if (width > 30) drawLabel(op[i], gutter + x, width, top, named);
        continue;
      }
      const at = Math.floor(x / pixel);
      if (at !== cell) flush();
      cell = at;
      filled += width / pixel;
      if (shown < 0 || (named && !hit) || (named === hit && width > longest)) {
        longest = width;
        shown = op[i];
        hit = named;
      }
    }
    flush();
    pen.globalAlpha = 1;
  }

  /* The name of the operator, or of its group, where there is room. */
  function drawLabel(which, x, width, top, named) {
    const [name, group] = seen.view.ops[which];
    const text = [name, content.groups[group]].find((one) => pen.measureText(one).width <= width - 8);
    if (!text) return;
    pen.globalAlpha = 1;
    pen.fillStyle = named ? style.texts[colourOf(which)] : style.faint;
    pen.textAlign = "left";
    pen.fillText(text, x + 4, top + LANE / 2 + 1);
  }

  /* An area up to the least value within each pixel, and a lighter one up to the most. */
  function drawCounter({ times, value, limit }, top, width) {
    const heightOf = (amount) => (COUNTER * Math.min(amount, limit)) / limit;
    const floor = top + COUNTER;
    let next = Math.max(1, countUpTo(times, seen.from));
    pen.fillStyle = style.groups[0];
    for (let x = gutter; x < width; x++) {
      const until = toTime(x + 1);
      let least = value[next - 1], most = least;
      for (; next < times.length && times[next] < until; next++) {
        least = Math.min(least, value[next]);
        most = Math.max(most, value[next]);
      }
      pen.globalAlpha = 0.3;
      pen.fillRect(x, floor - heightOf(most), 1, heightOf(most) - heightOf(least));
      pen.globalAlpha = 0.65;
      pen.fillRect(x, floor - heightOf(least), 1, heightOf(least));
    }
    pen.globalAlpha = 1;
  }

  // -- the selected slice --------------------------------------------------------------------

  function drawSelection() {
    outline(seen.selected, 2);
    for (const other of [causeOf(seen.view, seen.selected), feederOf(seen.view, seen.selected)]) {
      if (!other) continue;
      outline(other, 1);
      if (other.lane !== seen.selected.lane) drawArrow(other, seen.selected);
    }
  }

  function outline(slice, thick) {
    const x = toX(startOf(slice)), width = Math.max(2, toX(endOf(slice)) - x);
    pen.strokeStyle = style.mark;
    pen.lineWidth = thick;
    pen.strokeRect(x - thick / 2, topOf(slice.lane) - 1, width + thick, LANE + 2);
  }

  /* From the end of a slice to the start of the one that waited for it. */
  function drawArrow(cause, effect) {
    const down = effect.lane.place > cause.lane.place, tip = down ? -6 : 6;
    const x0 = toX(Math.min(endOf(cause), startOf(effect))), x1 = toX(startOf(effect));
    const y0 = topOf(cause.lane) + (down ? LANE : 0), y1 = topOf(effect.lane) + (down ? 0 : LANE);
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

  restyle();
  return {
    draw, fit, restyle, pick, toTime, laneAt, counterAt,
    left: () => gutter,
    width: () => canvas.clientWidth - gutter,
  };
}

const limitOf = (counter) => `of ${amount(counter, counter.limit)}`;

function amount(counter, value) {
  return counter.unit === "B" ? capacity(value) : `${Number(value.toPrecision(4))} ${counter.unit}`;
}
