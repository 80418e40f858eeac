// What all views share. Texts and names come from anywhere, so they are only ever set as text, never as markup.

const SLICE = 10; // milliseconds of computing between two frames, so that the page answers at once

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
