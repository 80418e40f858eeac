// How long models remember: the same text with and without its beginning.

const REMEMBERED = 0.01; // bits

let memory = null;

/** The Kullback–Leibler divergence in bits between the predictions of two logits. */
function divergence(a, b) {
  const p = softmax(a), q = softmax(b);
  let sum = 0;
  for (let v = 0; v < p.length; v++) if (p[v] > 0) sum += p[v] * Math.log2(p[v] / Math.max(q[v], 1e-300));
  return Math.max(0, sum);
}

const readMemory = latest(async (current) => {
  const text = Array.from(byId("memory-text").value.replace(/\r\n?/g, "\n"));
  const cut = Math.min(Number(byId("memory-cut").value), text.length - 1);
  const before = text.slice(0, cut).join(""), after = text.slice(cut).join("");
  const found = { before, after, notes: [], curves: [] };
  for (const [index, network] of networks.entries()) {
    const beginning = network.encode(before), rest = network.encode(after);
    found.notes.push(unknownOf(index, [...new Set([...beginning.unknown, ...rest.unknown])]));
    const whole = network.start(), part = network.start(), curve = [];
    if (!(await inSlices(beginning.tokens.length, (i) => network.step(whole, beginning.tokens[i]), current))) return;
    const read = (i) => {
      network.step(whole, rest.tokens[i]);
      network.step(part, rest.tokens[i]);
      curve.push(divergence(whole.logits, part.logits));
    };
    if (!(await inSlices(rest.tokens.length, read, current))) return;
    found.curves.push(curve);
  }
  memory = found;
  showMemory();
});

function showCut() {
  const text = Array.from(byId("memory-text").value);
  const input = byId("memory-cut");
  input.max = Math.max(1, text.length - 1);
  const cut = Number(input.value);
  const seen = (part) => part.map((character) => (character === "\n" ? "↵" : character)).join("");
  const values = { before: seen(text.slice(Math.max(0, cut - 30), cut)), after: seen(text.slice(cut, cut + 30)) };
  byId("memory-where").textContent = text.length > 1 ? word("cutHere", values) : word("tooShort");
  input.setAttribute("aria-valuetext", cut + ". " + byId("memory-where").textContent);
}

function showMemory() {
  showCut();
  if (!memory) return;
  byId("memory-unknown").textContent = memory.notes.filter(Boolean).join(" ");
  byId("memory-chart").replaceChildren(chart(memory.curves));
  const ranges = [[1, 10], [11, 30], [31, 100], [101, 300], [301, 1000]];
  const length = Math.max(...memory.curves.map((curve) => curve.length));
  const head = make("tr", {}, make("td"), ...memory.curves.map((_, index) => make("th", { scope: "col" }, nameOf(index))));
  const rows = ranges.filter(([from]) => from <= length).map(([from, to]) => {
    const cells = memory.curves.map((curve) => {
      const part = curve.slice(from - 1, to);
      const mean = part.reduce((sum, bits) => sum + bits, 0) / part.length;
      return make("td", {}, part.length ? bitsOf(mean) : "–");
    });
    return make("tr", {}, make("th", { scope: "row" }, word("range", { from, to: Math.min(to, length) })), ...cells);
  });
  const lasts = memory.curves.flatMap((curve, index) => {
    const name = make("b", { className: colourOf(index) + " name" }, nameOf(index));
    return [" ", name, "\u00a0" + (curve.findLastIndex((bits) => bits > REMEMBERED) + 1)];
  });
  byId("memory-lasts").replaceChildren(word("lasts", { bits: number(REMEMBERED, 2) }), ...lasts);
  const caption = make("caption", {}, word("difference"));
  byId("memory-table").replaceChildren(make("table", {}, caption, make("thead", {}, head), make("tbody", {}, ...rows)));
}

function bitsOf(value) {
  return value < 0.001 ? "< " + number(0.001, 3) : number(value, 3);
}

/** The curves on a logarithmic scale, because memory fades by factors. */
function chart(curves) {
  const W = Math.min(640, byId("memory-chart").clientWidth || 640), H = 260, left = 64, right = 12, bottom = 40, top = 10;
  const draws = (tag, attributes, ...children) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    element.append(...children);
    return element;
  };
  const high = Math.max(0, Math.ceil(Math.log10(Math.max(...curves.flat(), 1e-9)))), low = -4; // powers of ten
  const seen = Math.max(...curves.map((curve) => curve.findLastIndex((bits) => bits > 10 ** low) + 1));
  const length = Math.max(2, Math.min(Math.max(...curves.map((curve) => curve.length)), Math.ceil(1.2 * seen) + 10));
  const x = (i) => left + ((W - left - right) * i) / (length - 1);
  const y = (bits) => H - bottom - ((H - bottom - top) * (Math.log10(Math.max(bits, 10 ** low)) - low)) / (high - low);
  const svg = draws("svg", { viewBox: "0 0 " + W + " " + H, role: "img", "aria-label": word("chart") });
  for (let power = low; power <= high; power++) {
    const at = y(10 ** power), label = (power === low ? "≤ " : "") + number(10 ** power, Math.max(0, -power));
    svg.append(draws("line", { class: "axis", x1: left, x2: W - right, y1: at, y2: at }));
    svg.append(draws("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, label));
  }
  for (const share of [0, 0.5, 1]) {
    const i = Math.round(share * (length - 1));
    svg.append(draws("text", { x: x(i), y: H - bottom + 16, "text-anchor": "middle" }, String(i + 1)));
  }
  svg.append(draws("text", { x: (left + W - right) / 2, y: H - 6, "text-anchor": "middle" }, word("characters")));
  const dashes = ["", "7 3", "2 3", "9 3 2 3"];
  curves.forEach((curve, index) => {
    const points = curve.slice(0, length).map((bits, i) => x(i).toFixed(1) + "," + y(bits).toFixed(1)).join(" ");
    const line = draws("polyline", { class: "curve", points, "stroke-dasharray": dashes[index] });
    // the names stand at the upper right, where memory has faded
    const at = { x1: W - right - 90, x2: W - right - 60, y1: top + 14 + 18 * index, y2: top + 14 + 18 * index };
    const sample = draws("line", { class: "curve", "stroke-dasharray": dashes[index], ...at });
    const name = draws("text", { x: W - right - 52, y: top + 18 + 18 * index }, nameOf(index));
    svg.append(draws("g", { class: colourOf(index) }, line, sample, name));
  });
  return make("figure", {}, svg, make("figcaption", {}, word("chart")));
}
