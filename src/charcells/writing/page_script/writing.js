// Writing side by side, and the bars of the next character.

const MOST = 20000; // characters that a model writes
const BARS = 8;

const writers = networks.map((network) => ({ network, text: [], pending: "", tokens: 0 }));
let writing = false, round = 0;
let turn = 0; // the model that writes next: between two of them a slice may end, because large models are slow
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
  turn = 0;
  byId("writing-pace").textContent = "";
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

/** One character of the model whose turn it is. */
function writeNext({ temperature, topK }) {
  const writer = writers[turn];
  take(writer, draw(writer.state.logits, temperature, topK, writer.random.next()));
  turn = (turn + 1) % writers.length;
}

/** So that each model has written as many characters. */
function endTurn() {
  const chosen = settings();
  while (turn) writeNext(chosen);
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
  byId("writing-status").textContent = on ? word("busy") : count ? word(done, { count: number(count, 0) }) : "";
}

/** Write until it is stopped. With a speed, so many characters a second; without, as many as a slice of each frame holds. */
async function write(anew) {
  const own = ++round;
  const current = () => own === round;
  const focused = document.activeElement;
  writingState(true);
  if (focused === byId("go-on") || focused === byId("step")) byId("stop").focus();
  if ((anew || !ready()) && !(await begin(current))) return;
  const begun = performance.now(), already = writers[0].text.length;
  let due = 1, before = begun, paced = begun;
  while (current() && writers[0].text.length < MOST) {
    const now = performance.now(), speed = Number(byId("speed").value);
    due = speed ? Math.min(due + ((now - before) / 1000) * speed, 1 + speed / 10) : Infinity;
    before = now;
    const chosen = settings();
    while (due >= 1 && performance.now() < now + SLICE && writers[0].text.length < MOST) {
      writeNext(chosen);
      if (!turn) due -= 1;
    }
    paint();
    if (now > paced + 500) {
      paced = now;
      showPace((1000 * (writers[0].text.length - already)) / (now - begun));
    }
    await frame();
  }
  if (current()) halt();
}

function showPace(speed) {
  byId("writing-pace").textContent = word("pace", { speed: number(speed, speed < 10 ? 1 : 0) });
}

function halt() {
  round++;
  endTurn();
  const focused = document.activeElement;
  writingState(false);
  paint(true);
  if (focused === byId("stop")) byId("go-on").focus();
}

async function oneStep() {
  const own = ++round;
  const current = () => own === round;
  if (!ready() && !(await begin(current))) return;
  const chosen = settings(), count = writers[0].text.length < MOST ? writers.length : 0;
  if (await inSlices(count, () => writeNext(chosen), current)) halt();
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
  byId("writing-pace").textContent = "";
  writingState(writing);
  paint(true);
}
