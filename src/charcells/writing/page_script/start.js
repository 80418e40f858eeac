// The page in a language, and what it shows at first.

function speak(chosen) {
  language = chosen;
  document.documentElement.lang = chosen;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", word(element.dataset.label));
  for (const button of byId("languages").children) button.setAttribute("aria-pressed", button.lang === chosen);
  const oneText = networks.every(({ about }) => about.corpus === networks[0].about.corpus);
  byId("trained-on").textContent = oneText ? word("trainedOn", networks[0].about) : "";
  byId("models").replaceChildren(
    ...networks.map(({ about }, index) => {
      const name = make("b", { className: "name" }, nameOf(index));
      const facts = about.bpc ? [make("span", {}, word("bpc", { bits: number(about.bpc, 3) }))] : [];
      if (!oneText) facts.push(make("span", {}, word("trainedOn", about)));
      return make("li", { className: colourOf(index), title: about.run }, name, " " + word("size", about), ...facts);
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
byId("memory-cut").value = first.indexOf(" ", Math.floor(first.length / 3)) + 1 || Math.round(first.length / 3);
const short = first.slice(0, 60).join("");
byId("inside-text").value = first.length > 60 ? short.replace(/\s+\S*$/, "") : short; // whole words
byId("inside-at").max = 59;
byId("inside-at").value = Math.min(10, Math.max(0, first.length - 1));
for (const id of ["surprise-at", "neuron-at"]) {
  byId(id).max = first.length - 1;
  byId(id).value = Math.round(first.length / 2);
}
const units = networks.flatMap(({ about }, model) => about.units.map((unit) => ({ model, ...unit })));
const best = units.reduce((best, unit) => (!best || Math.abs(unit.correlation) > Math.abs(best.correlation) ? unit : best), null);
if (best) neuronChoice.set(best.model, best.layer, best.state, best.unit);
const ofLast = units.filter((unit) => unit.model === networks.length - 1)[0];
insideChoice.set(networks.length - 1, ofLast ? ofLast.layer : 0, null, ofLast ? ofLast.unit : 0);
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
