/* Words for figures: times, bytes and counts. */

const grouped = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

function scaled(n, unit) {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(1, n)) / 3)));
  const whole = `${grouped(n)} ${unit}`;
  if (!power) return whole;
  return `${Number((n / 1000 ** power).toPrecision(4))} ${" kMGT"[power]}${unit} (${whole})`;
}

function capacity(n) {
  const [unit, size] = n < 2 ** 20 ? ["KiB", 2 ** 10] : ["MiB", 2 ** 20];
  return `${Number((n / size).toPrecision(4))} ${unit}`;
}

/* The largest unit that a time has one of, and its picoseconds. */
function timeUnit(ps) {
  const units = [["s", 1e12], ["ms", 1e9], ["us", 1e6], ["ns", 1e3]];
  return units.find(([, size]) => ps >= size) || ["ps", 1];
}

function short(ps) {
  const [unit, size] = timeUnit(ps);
  return `${Number((ps / size).toPrecision(5))} ${unit}`;
}

const exact = (ps) => (ps < 1000 ? `${ps} ps` : `${short(ps)} (${grouped(ps)} ps)`);

/* A time on the axis, with as many decimals as tell it from its neighbour a step apart. */
function onAxis(ps, step) {
  const [unit, size] = timeUnit(Math.max(ps, step));
  return `${(ps / size).toFixed(Math.max(0, Math.ceil(Math.log10(size / step) - 1e-9)))} ${unit}`;
}

const FIGURES = {
  bytes: ["DRAM bytes", (n) => scaled(n, "B")],
  descriptor_bytes: ["bytes, all channels", (n) => scaled(n, "B")],
  address: ["address", (n) => `0x${n.toString(16)}`],
  cycles: ["core cycles", grouped],
  sram_bytes: ["SRAM traffic", (n) => scaled(n, "B")],
  macs: ["MACs", grouped],
  sram_wait_ps: ["longer for want of SRAM bandwidth", exact],
};
