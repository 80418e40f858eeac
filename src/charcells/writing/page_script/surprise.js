// Surprise over any text.

const LEVELS = [1, 2, 4, 7]; // upper limits, in bits, of the shades of surprise

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
        const list = one.expected[i].flatMap(([character, share]) => [" ", make("b", {}, shown(character)), "\u00a0" + percent(share)]);
        const here = word("here", { character: shown(one.asked.characters[i]), bits: number(one.bits[i], 2) });
        said.replaceChildren(make("b", {}, here), " · ", word("expected"), ...list);
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
    const heard = surprises.map(({ bits }, index) => (i in bits ? nameOf(index) + " " + number(bits[i], 1) + " bits" : ""));
    const input = byId("surprise-at");
    input.setAttribute("aria-valuetext", [input.getAttribute("aria-valuetext"), ...heard.filter(Boolean)].join("; "));
  };
  byId("surprise-at").oninput = at;
  at();
  const limits = ["≤ 1", "≤ 2", "≤ 4", "≤ 7", "> 7"];
  byId("scale").replaceChildren(word("scale"), ...limits.map((limit, i) => make("span", { className: "s" + i }, limit)));
}
