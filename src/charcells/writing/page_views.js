// What the page shows. Texts and names come from anywhere, so they are only ever set as text, never as markup.

const SLICE = 10; // milliseconds of computing between two frames, so that the page answers at once
const MOST = 20000; // characters that a model writes
const BARS = 8;
const LEVELS = [1, 2, 4, 7]; // upper limits, in bits, of the shades of surprise

const data = JSON.parse(document.getElementById("data").textContent);
const networks = data.models.map((description) => new Network(description));
const still = matchMedia("(prefers-reduced-motion: reduce)");

const byId = (id) => document.getElementById(id);

/** An element with properties, attributes (names with a hyphen, role, class, for) and children. */
function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name in element && !name.includes("-")) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** A character as it can be seen. */
function shown(character) {
  const known = { " ": "␣", "\n": "↵", "\t": "⇥" }[character];
  if (known) return known;
  const code = character.codePointAt(0);
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Zs}]/u.test(character) ? "U+" + code.toString(16).toUpperCase().padStart(4, "0") : character;
}

/** A character as it can be heard. */
function spoken(character) {
  const known = { " ": "space", "\n": "newline", "\t": "tab" }[character];
  return known ? word(known) : shown(character);
}

function nameOf(index) {
  const cell = networks[index].cell.toUpperCase();
  const same = networks.filter((other) => other.cell === networks[index].cell).length > 1;
  return same ? cell + " " + (index + 1) : cell;
}

/** The class of a model's colour: each cell has the colour of all pictures, unless two models have the same cell. */
function colourOf(index) {
  const slots = { lstm: "m0", gru: "m1", rnn: "m2" };
  const cells = new Set(networks.map((network) => network.cell));
  return cells.size === networks.length ? slots[networks[index].cell] : "m" + index;
}

function percent(share) {
  return number(100 * share, share < 0.0995 ? 1 : 0) + " %";
}

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

/** Let the browser do what waits, without the delay of a timer. */
const breathe = () => new Promise((resolve) => {
  const channel = new MessageChannel();
  channel.port1.onmessage = resolve;
  channel.port2.postMessage(null);
});

/** Call work(0), work(1), … in slices; stops early, and returns false, once `current` does. */
async function inSlices(count, work, current) {
  let until = performance.now() + SLICE;
  for (let i = 0; i < count; i++) {
    work(i);
    if (performance.now() > until) {
      await breathe();
      if (!current()) return false;
      until = performance.now() + SLICE;
    }
  }
  return current();
}

/** Starts a computation again each time, and lets the one before end. */
function latest(compute) {
  let last = 0;
  return () => {
    const own = ++last;
    return compute(() => own === last);
  };
}

/** What of a text a model does not know, in words; "" if it knows all. */
function unknownOf(index, unknown) {
  if (!unknown.length) return "";
  const list = unknown.slice(0, 12).map(shown).join(" ") + (unknown.length > 12 ? " …" : "");
  return word("unknown", { model: nameOf(index), characters: list });
}

/** Show the characters of a text, each coloured by `paint(span, i)`; a click calls pick(i). */
function strip(host, characters, paint, pick) {
  const spans = characters.map((character, i) => {
    const span = make("span", {}, character === "\n" ? "↵" : character);
    span.dataset.i = i;
    paint(span, i);
    return span;
  });
  const parts = spans.flatMap((span, i) => (characters[i] === "\n" ? [span, "\n"] : [span]));
  const box = make("div", { className: "strip", dir: "auto" }, ...parts);
  box.addEventListener("click", (event) => {
    const i = event.target.dataset.i;
    if (i !== undefined) pick(Number(i));
  });
  host.replaceChildren(box);
  let before = null;
  return (i) => {
    if (before) before.classList.remove("here");
    before = spans[i];
    if (before) before.classList.add("here");
  };
}

/** Let a slider say where in a text it stands. */
function slider(input, characters) {
  input.max = Math.max(0, characters.length - 1);
  const i = Math.min(Number(input.value), characters.length - 1);
  const character = i < 0 ? "" : spoken(characters[i]);
  input.setAttribute("aria-valuetext", word("at", { number: i + 1, count: characters.length, character }));
  return i;
}

function choice(id, name, options, values) {
  const select = make("select", { id });
  options.forEach((text, i) => select.append(make("option", { value: values ? values[i] : i }, text)));
  const label = make("label", { htmlFor: id }, word(name));
  label.dataset.word = name;
  return make("p", {}, label, select);
}

// ---------------------------------------------------------------- writing

const writers = networks.map((network) => ({ network, text: [], pending: "", tokens: 0 }));
let writing = false, round = 0;
const ready = () => writers.every((writer) => writer.begun);

function column(index) {
  const writer = writers[index];
  writer.paper = make("pre", { className: "paper", tabIndex: 0, role: "group", dir: "auto" });
  writer.bars = Array.from({ length: Math.min(BARS, networks[index].characters.length) }, () => {
    const parts = { name: make("b"), fill: make("i", { className: "fill" }), share: make("span") };
    parts.button = make("button", {}, parts.name, make("span", { className: "track" }, parts.fill), parts.share);
    parts.button.addEventListener("click", () => pick(index, parts.token));
    return parts;
  });
  const list = make("ol", { className: "chances" }, ...writer.bars.map((bar) => make("li", {}, bar.button)));
  writer.title = make("h4");
  byId("writers").append(
    make("div", { className: "column " + colourOf(index) }, make("h3", { className: "name" }, nameOf(index)), writer.paper, writer.title, list)
  );
}

function settings() {
  const valueOf = (id, otherwise) => (byId(id).value === "" || !byId(id).validity.valid ? otherwise : Number(byId(id).value));
  return { temperature: valueOf("temperature", 0.8), topK: valueOf("top-k", 0), seed: valueOf("seed", 1) };
}

/** Read the beginning and forget what was written. Returns false if another start came between. */
async function begin(current) {
  const { seed } = settings();
  const notes = [];
  for (const writer of writers) writer.begun = false; // so that whoever interrupts this begins again
  for (const [index, writer] of writers.entries()) {
    const asked = writer.network.encode(byId("prompt").value);
    if (asked.unknown.length) notes.push(unknownOf(index, asked.unknown));
    const prompt = asked.tokens.length ? asked : writer.network.encode(writer.network.about.prompt);
    if (!asked.tokens.length && byId("prompt").value) notes.push(word("nothing", { model: nameOf(index) }));
    writer.state = writer.network.start();
    writer.random = new Random(seed);
    writer.text = [];
    writer.pending = "";
    const read = (i) => writer.network.step(writer.state, prompt.tokens[i]);
    if (!(await inSlices(prompt.tokens.length, read, current))) return false;
    writer.line = make("span");
    writer.given = make("i", { className: "given" });
    writer.line.append(writer.given);
    writer.paper.replaceChildren(writer.line);
    append(writer, prompt.characters.join(""), writer.given);
    writer.line.append((writer.tail = document.createTextNode("")));
    writer.begun = true;
  }
  byId("prompt-unknown").textContent = notes.join(" ");
  return true;
}

/** Add a text to a writer's paper, a block for each line: a long paragraph would be laid out again at each frame. */
function append(writer, text, within) {
  const lines = text.split("\n");
  lines.forEach((line, i) => {
    if (i > 0) {
      writer.line = make("span");
      writer.paper.append(writer.line);
      within = within && make("i", { className: "given" });
      if (within) writer.line.append(within);
      else writer.line.append((writer.tail = document.createTextNode("")));
    }
    if (within) within.append(line);
    else writer.tail.appendData(line);
  });
}

function take(writer, token) {
  writer.network.step(writer.state, token);
  const character = writer.network.characters[token];
  writer.text.push(character);
  writer.pending += character;
}

function writeOne() {
  const { temperature, topK } = settings();
  for (const writer of writers) take(writer, draw(writer.state.logits, temperature, topK, writer.random.next()));
}

let barsPainted = 0;

function paint(always) {
  const bars = always || performance.now() > barsPainted + (still.matches ? 500 : 100); // nobody reads faster
  if (bars) barsPainted = performance.now();
  const begun = writers.filter((writer) => writer.begun);
  // all that is measured before all that changes: each turn from one to the other lays out the page again
  const following = begun.filter(({ paper }) => paper.scrollTop + paper.clientHeight >= paper.scrollHeight - 40);
  for (const writer of begun) {
    if (writer.pending) append(writer, writer.pending);
    writer.pending = "";
    if (bars) paintBars(writer, writers.indexOf(writer));
  }
  for (const { paper } of following) paper.scrollTop = 1e9;
}

function paintBars(writer, index) {
  const chances = softmax(writer.state.logits);
  const order = ranked(chances);
  writer.bars.forEach((bar, i) => {
    const token = order[i], character = writer.network.characters[token], share = percent(chances[token]);
    bar.token = token;
    bar.name.textContent = shown(character);
    bar.fill.style.width = 100 * chances[token] + "%";
    bar.share.textContent = share;
    bar.button.setAttribute("aria-label", word("choose", { character: spoken(character), share, model: nameOf(index) }));
  });
}

function writingState(on) {
  writing = on;
  byId("stop").disabled = !on;
  byId("go-on").disabled = on || !ready();
  byId("step").disabled = on;
  const count = writers[0].text.length;
  const done = count >= MOST ? "full" : "stopped";
  byId("writing-status").textContent = on ? word("busy") : count ? word(done, { count }) : "";
}

/** Write until it is stopped. With a speed, so many characters a second; without, as many as a slice of each frame holds. */
async function write(anew) {
  const own = ++round;
  const current = () => own === round;
  const focused = document.activeElement;
  writingState(true);
  if (focused === byId("go-on") || focused === byId("step")) byId("stop").focus();
  if ((anew || !ready()) && !(await begin(current))) return;
  let due = 1, before = performance.now();
  while (current() && writers[0].text.length < MOST) {
    const now = performance.now(), speed = Number(byId("speed").value);
    due = speed ? Math.min(due + ((now - before) / 1000) * speed, 1 + speed / 10) : Infinity;
    before = now;
    while (due >= 1 && performance.now() < now + SLICE && writers[0].text.length < MOST) {
      writeOne();
      due -= 1;
    }
    paint();
    await frame();
  }
  if (current()) halt();
}

function halt() {
  round++;
  const focused = document.activeElement;
  writingState(false);
  paint(true);
  if (focused === byId("stop")) byId("go-on").focus();
}

async function oneStep() {
  const own = ++round;
  if (!ready() && !(await begin(() => own === round))) return;
  if (writers[0].text.length < MOST) writeOne();
  halt();
}

function pick(index, token) {
  if (!writers[index].begun) return;
  if (writers[index].text.length < MOST) take(writers[index], token);
  paint(true);
  if (!writing) writingState(false);
}

networks.forEach((_, index) => column(index));
byId("prompt").value = data.prompt;
byId("write").addEventListener("click", () => write(true));
byId("go-on").addEventListener("click", () => write(false));
byId("stop").addEventListener("click", halt);
byId("step").addEventListener("click", oneStep);
for (const id of ["prompt", "seed"]) {
  byId(id).addEventListener("change", async () => { // what was written belongs to another beginning
    const own = ++round;
    if (await begin(() => own === round)) halt();
  });
}

function writingWords() {
  writers.forEach((writer, index) => {
    writer.paper.setAttribute("aria-label", word("textOf", { model: nameOf(index) }));
    writer.title.textContent = word("next");
  });
  writingState(writing);
  paint(true);
}

// ---------------------------------------------------------------- surprise

let surprises = [];

const readSurprise = latest(async (current) => {
  const text = byId("surprise-text").value;
  const found = [];
  for (const network of networks) {
    const asked = network.encode(text), state = network.start();
    const own = network.encode(network.about.prompt).tokens; // as `charcells score`: its own beginning first
    if (!(await inSlices(own.length, (i) => network.step(state, own[i]), current))) return;
    const one = { asked, bits: [], expected: [] };
    const read = (i) => {
      const chances = softmax(state.logits), token = asked.tokens[i];
      one.bits.push(-Math.log2(chances[token]));
      one.expected.push(ranked(chances).slice(0, 3).map((other) => [network.characters[other], chances[other]]));
      network.step(state, token);
    };
    if (!(await inSlices(asked.tokens.length, read, current))) return;
    found.push(one);
  }
  surprises = found;
  showSurprise();
});

function showSurprise() {
  byId("surprise-unknown").textContent = surprises.map((one, index) => unknownOf(index, one.asked.unknown)).join(" ");
  const marks = [];
  byId("surprises").replaceChildren(
    ...surprises.map((one, index) => {
      const host = make("div");
      const mean = one.bits.reduce((sum, bits) => sum + bits, 0) / one.bits.length;
      const said = make("p", { className: "readout" });
      const shade = (span, i) => {
        const level = LEVELS.findIndex((limit) => one.bits[i] <= limit);
        span.className = "s" + (level < 0 ? LEVELS.length : level);
      };
      const mark = strip(host, one.asked.characters, shade, (i) => {
        byId("surprise-at").value = i;
        at();
      });
      marks.push((i) => {
        mark(i);
        if (i >= one.bits.length || i < 0) return said.replaceChildren();
        const list = one.expected[i].map(([character, share]) => shown(character) + " " + percent(share)).join(", ");
        const here = word("here", { character: shown(one.asked.characters[i]), bits: number(one.bits[i], 2) });
        said.replaceChildren(make("b", {}, here), " · ", word("expected", { list }));
      });
      const heading = make("h3", { className: "name" }, nameOf(index));
      const figure = one.bits.length ? word("mean", { bits: number(mean, 2) }) : "";
      return make("div", { className: "column " + colourOf(index) }, heading, make("p", {}, figure), said, host);
    })
  );
  const longest = surprises.reduce((most, one) => (one.bits.length > most.length ? one.asked.characters : most), []);
  const at = () => {
    const i = slider(byId("surprise-at"), longest);
    marks.forEach((mark) => mark(i));
  };
  byId("surprise-at").oninput = at;
  at();
  const limits = ["≤ 1", "≤ 2", "≤ 4", "≤ 7", "> 7"];
  byId("scale").replaceChildren(word("scale"), ...limits.map((limit, i) => make("span", { className: "s" + i }, limit)));
}

// ---------------------------------------------------------------- one model, one layer, one unit: two views choose them

/** What of a cell can be looked at. */
const quantities = (network) => ({ rnn: ["h"], gru: ["h", "r", "z", "n"], lstm: ["h", "c", "i", "f", "g", "o"] })[network.cell];

/** The controls that choose a unit. `changed(read)`: called with true if the text has to be read again. */
function chooser(id, withQuantity, changed) {
  const host = byId(id + "-choice");
  host.replaceChildren(
    choice(id + "-model", "model", networks.map((_, i) => nameOf(i))),
    choice(id + "-layer", "layer", []),
    choice(id + "-what", "what", []),
    make("p", {}, make("label", { htmlFor: id + "-unit" }), make("input", { id: id + "-unit", type: "number", min: 1, value: 1 }))
  );
  host.querySelector("[for=" + id + "-unit]").dataset.word = "unit";
  const field = (name) => byId(id + "-" + name);
  field("what").parentElement.hidden = !withQuantity;
  const chosen = () => ({
    network: networks[Number(field("model").value)],
    model: Number(field("model").value),
    layer: Number(field("layer").value),
    what: field("what").value,
    unit: Math.min(Math.max(Math.round(Number(field("unit").value)) || 1, 1), Number(field("unit").max)) - 1,
  });
  const fill = () => {
    const network = networks[Number(field("model").value)];
    const layer = field("layer"), what = field("what"), before = [layer.value, what.value];
    layer.replaceChildren(...Array.from({ length: network.layers }, (_, i) => make("option", { value: i }, i + 1)));
    layer.parentElement.hidden = network.layers === 1;
    what.replaceChildren(...quantities(network).map((name) => make("option", { value: name }, word(name))));
    if (Number(before[0]) < network.layers && before[0]) layer.value = before[0];
    if (quantities(network).includes(before[1])) what.value = before[1];
    field("unit").max = network.size;
  };
  const set = (model, layer, what, unit) => {
    const again = Number(field("model").value) !== model;
    field("model").value = model;
    fill();
    field("layer").value = layer;
    if (what) field("what").value = what;
    field("unit").value = unit + 1;
    changed(again);
  };
  field("model").addEventListener("change", () => {
    fill();
    changed(true);
  });
  for (const name of ["layer", "what", "unit"]) field(name).addEventListener("change", () => changed(false));
  fill();
  return { chosen, fill, set };
}

/** Read a text with one model from its beginning, and keep all that its cells computed. */
async function traced(network, text, current) {
  const asked = network.encode(text), state = network.start(), steps = [];
  const read = (i) => {
    const trace = [];
    network.step(state, asked.tokens[i], trace);
    steps.push(trace);
  };
  return (await inSlices(asked.tokens.length, read, current)) ? { asked, steps, network } : null;
}

/** Colour an element by a value between -most and most. */
function heat(element, value, most) {
  const share = Math.min(1, Math.abs(value) / most);
  element.style.backgroundColor = "rgba(var(--" + (value < 0 ? "low" : "high") + "), " + (0.85 * share).toFixed(3) + ")";
}

// ---------------------------------------------------------------- a neuron over a text

let neuron = null;

const readNeuron = latest(async (current) => {
  const found = await traced(neuronChoice.chosen().network, byId("neuron-text").value, current);
  if (!found) return;
  neuron = found;
  showNeuron();
});

const neuronChoice = chooser("neuron", true, (again) => (again ? readNeuron() : showNeuron()));

function showNeuron() {
  showFound();
  if (!neuron) return;
  const { layer, what, unit, model } = neuronChoice.chosen();
  const values = neuron.steps.map((trace) => trace[layer][what][unit]);
  const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  byId("neuron-unknown").textContent = unknownOf(model, neuron.asked.unknown);
  const input = byId("neuron-at");
  const mark = strip(byId("neuron-strip"), neuron.asked.characters, (span, i) => heat(span, values[i], most), (i) => {
    input.value = i;
    at();
  });
  const at = () => {
    const i = slider(input, neuron.asked.characters);
    mark(i);
    if (i < 0) return byId("neuron-value").replaceChildren();
    const said = word("value", { character: shown(neuron.asked.characters[i]), value: number(values[i], 3) });
    byId("neuron-value").replaceChildren(make("b", {}, said));
    input.setAttribute("aria-valuetext", input.getAttribute("aria-valuetext") + ", " + number(values[i], 2));
  };
  input.oninput = at;
  at();
  const marks = [-1, -0.5, 0, 0.5, 1].map((share) => {
    const span = make("span", {}, number(share * most, 1));
    heat(span, share, 1);
    return span;
  });
  byId("heat-scale").replaceChildren(word("heatScale"), ...marks);
}

function showFound() {
  const { model, network } = neuronChoice.chosen();
  const units = network.about.units;
  if (!units.length) return byId("found").replaceChildren(make("p", { className: "note" }, word("noUnits")));
  const groups = [...new Set(units.map((unit) => unit.feature))].map((feature) => {
    const list = units.filter((unit) => unit.feature === feature).map((unit) => {
      const said = { state: unit.state, unit: unit.unit + 1, layer: unit.layer + 1, correlation: number(unit.correlation, 2) };
      const button = make("button", {}, word(network.layers > 1 ? "foundUnitLayer" : "foundUnit", said));
      const now = neuronChoice.chosen();
      const pressed = now.unit === unit.unit && now.layer === unit.layer && now.what === unit.state;
      button.setAttribute("aria-pressed", pressed);
      button.addEventListener("click", () => {
        const place = [...byId("found").querySelectorAll("button")].indexOf(button);
        neuronChoice.set(model, unit.layer, unit.state, unit.unit);
        byId("found").querySelectorAll("button")[place].focus();
      });
      return make("li", {}, button);
    });
    return make("div", {}, make("h3", {}, word(feature)), make("ul", {}, ...list));
  });
  byId("found").replaceChildren(make("div", { className: "found" }, ...groups));
}

// ---------------------------------------------------------------- memory

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
  const lasts = memory.curves.map((curve) => make("td", {}, curve.findLastIndex((bits) => bits > REMEMBERED) + 1));
  rows.push(make("tr", {}, make("th", { scope: "row" }, word("lasts", { bits: number(REMEMBERED, 2) })), ...lasts));
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

// ---------------------------------------------------------------- inside a cell

let inside = null;

const readInside = latest(async (current) => {
  const found = await traced(insideChoice.chosen().network, byId("inside-text").value, current);
  if (!found) return;
  inside = found;
  showInside();
});

const insideChoice = chooser("inside", false, (again) => (again ? readInside() : showInside()));

/** The equations of one unit: [name, symbols, with numbers, value, quantity of all units]. */
function equationsOf(network, kept, unit) {
  const size = network.size, three = (value) => number(value, 2).replace("-", "−");
  const signed = (value) => (value < 0 ? "− " : "+ ") + three(Math.abs(value));
  const part = (gate, name) => [kept.fromInput[gate * size + unit], kept.fromState[gate * size + unit], kept[name][unit]];
  const gate = (index, name, squash) => {
    const [x, h, value] = part(index, name);
    const numbers = name + " = " + squash + "(" + three(x) + " " + signed(h) + ") = " + three(value);
    const before = name === "h" ? "h′" : name;
    return { name, symbols: before + " = " + squash + "(W x + b + U h)", numbers, value };
  };
  const k = (name) => kept[name][unit];
  if (network.cell === "rnn") {
    const one = gate(0, "h", "tanh");
    return [{ ...one, numbers: one.numbers.replace("h =", "h′ =") }];
  }
  const sum = (a, b, c, d) => three(a) + " · " + three(b) + " " + (c * d < 0 ? "− " : "+ ") + three(Math.abs(c)) + " · " + three(Math.abs(d));
  if (network.cell === "gru") {
    const [x, h, n] = part(2, "n");
    const candidate = "n = tanh(" + three(x) + " + " + three(k("r")) + " · " + (h < 0 ? "(" + three(h) + ")" : three(h)) + ") = " + three(n);
    return [
      gate(0, "r", "σ"),
      gate(1, "z", "σ"),
      { name: "n", symbols: "n = tanh(W x + b + r · (U h + d))", numbers: candidate, value: n },
      { name: "h", symbols: "h′ = (1 − z) · n + z · h", numbers: "h′ = " + sum(1 - k("z"), n, k("z"), k("hBefore")) + " = " + three(k("h")), value: k("h") },
    ];
  }
  return [
    gate(0, "i", "σ"),
    gate(1, "f", "σ"),
    gate(2, "g", "tanh"),
    gate(3, "o", "σ"),
    { name: "c", symbols: "c′ = f · c + i · g", numbers: "c′ = " + sum(k("f"), k("cBefore"), k("i"), k("g")) + " = " + three(k("c")), value: k("c") },
    { name: "h", symbols: "h′ = o · tanh(c′)", numbers: "h′ = " + three(k("o")) + " · tanh(" + three(k("c")) + ") = " + three(k("h")), value: k("h") },
  ];
}

function showInside() {
  if (!inside) return;
  const { layer, unit, model } = insideChoice.chosen();
  const input = byId("inside-at"), characters = inside.asked.characters;
  byId("inside-unknown").textContent = unknownOf(model, inside.asked.unknown);
  const mark = strip(byId("inside-strip"), characters, () => {}, (i) => {
    input.value = i;
    at();
  });
  const at = () => {
    const i = slider(input, characters);
    mark(i);
    if (i < 0) return [byId("equations"), byId("all-units")].forEach((host) => host.replaceChildren());
    const kept = inside.steps[i][layer];
    const equations = equationsOf(inside.network, kept, unit);
    showEquations(equations, shown(characters[i]), unit);
    showUnits(kept, equations.map((equation) => equation.name), unit);
  };
  input.oninput = at;
  at();
}

function showEquations(equations, character, unit) {
  const rows = equations.map(({ symbols, numbers, value }) => {
    const bar = make("i");
    const share = Math.max(-1, Math.min(1, value));
    bar.style.left = 50 + Math.min(0, 50 * share) + "%";
    bar.style.width = 50 * Math.abs(share) + "%";
    const text = make("div", {}, make("p", { className: "symbols" }, symbols), make("p", {}, numbers));
    return make("div", { className: "equation" }, text, make("div", { className: "gauge", "aria-hidden": "true" }, bar));
  });
  const legend = make("p", { className: "note" }, "W x + b: " + word("fromInput") + "; U h: " + word("fromState"));
  byId("equations").replaceChildren(make("h3", {}, word("equations", { unit: unit + 1, character })), ...rows, legend);
}

/** All units of a layer, a square each. The number field beside chooses one by keyboard. */
function showUnits(kept, names, unit) {
  const { model, layer } = insideChoice.chosen();
  const parts = names.flatMap((name) => {
    const most = kept[name].reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const squares = Array.from(kept[name], (value, i) => {
      const square = make("i", { title: i + 1 + ": " + number(value, 2) });
      square.dataset.unit = i;
      if (i === unit) square.className = "here";
      heat(square, value, most);
      return square;
    });
    const low = number(Math.min(...kept[name]), 2), high = number(Math.max(...kept[name]), 2);
    const label = word("valuesOf", { what: word(name), low, high });
    const box = make("div", { className: "cells", role: "img", "aria-label": label }, ...squares);
    box.addEventListener("click", (event) => {
      if (event.target.dataset.unit !== undefined) insideChoice.set(model, layer, null, Number(event.target.dataset.unit));
    });
    return [make("h4", {}, label), box];
  });
  byId("all-units").replaceChildren(make("h3", {}, word("allUnits")), ...parts);
}

// ---------------------------------------------------------------- words, and the beginning

function speak(chosen) {
  language = chosen;
  document.documentElement.lang = chosen;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", word(element.dataset.label));
  for (const button of byId("languages").children) button.setAttribute("aria-pressed", button.lang === chosen);
  byId("models").replaceChildren(
    ...networks.map(({ about }, index) => {
      const name = make("b", { className: "name" }, nameOf(index));
      const facts = [word("about", about)];
      if (about.bpc) facts.push(word("bpc", { bits: number(about.bpc, 3) }));
      return make("li", { className: colourOf(index), title: about.run }, name, " " + facts.join("; "));
    })
  );
  neuronChoice.fill();
  insideChoice.fill();
  writingWords();
  if (surprises.length) showSurprise();
  showNeuron();
  showMemory();
  showInside();
}

for (const [code, name] of Object.entries(LANGUAGES)) {
  const button = make("button", { lang: code }, name);
  button.addEventListener("click", () => speak(code));
  byId("languages").append(button);
}
const first = Array.from(data.text);
byId("surprise-text").value = data.text;
byId("neuron-text").value = data.text;
byId("memory-text").value = data.text;
byId("memory-cut").max = Math.max(1, first.length - 1);
byId("memory-cut").value = Math.round(first.length / 3);
byId("inside-text").value = first.slice(0, 60).join("");
byId("inside-at").max = 59;
byId("inside-at").value = Math.min(10, Math.max(0, first.length - 1));
for (const id of ["surprise-at", "neuron-at"]) {
  byId(id).max = first.length - 1;
  byId(id).value = Math.round(first.length / 2);
}
const units = networks.flatMap(({ about }, model) => about.units.map((unit) => ({ model, ...unit })));
const best = units.reduce((best, unit) => (!best || Math.abs(unit.correlation) > Math.abs(best.correlation) ? unit : best), null);
if (best) neuronChoice.set(best.model, best.layer, best.state, best.unit);
insideChoice.set(networks.length - 1, 0, null, 0);
byId("surprise-read").addEventListener("click", readSurprise);
byId("neuron-read").addEventListener("click", readNeuron);
byId("inside-read").addEventListener("click", readInside);
byId("memory-read").addEventListener("click", readMemory);
byId("memory-text").addEventListener("input", showCut);
byId("memory-cut").addEventListener("input", showCut);
byId("memory-cut").addEventListener("change", readMemory);

const spokenHere = navigator.languages.map((code) => code.slice(0, 2)).find((code) => code in LANGUAGES);
speak(spokenHere || "en");

/** For the browser's console, and for the tests. */
window.charcells = { networks, writers, Network, Random, draw, softmax, words: WORDS, divergence };
window.charcells.ready = (async () => {
  await frame();
  if (await begin(() => round === 0)) {
    writingState(false);
    paint(true);
  }
  for (const read of [readSurprise, readNeuron, readMemory, readInside]) await read();
})();
