// A neuron over a text: one unit's value after each character.

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
  const { layer, what, unit, model, network } = neuronChoice.chosen();
  const names = quantities(network);
  const values = Object.fromEntries(names.map((name) => [name, neuron.steps.map((trace) => trace[layer][name][unit])]));
  const most = Object.fromEntries(names.map((name) => [name, values[name].reduce((most, value) => Math.max(most, Math.abs(value)), 1)]));
  const bands = names.filter((name) => name !== what);
  byId("neuron-unknown").textContent = unknownOf(model, neuron.asked.unknown);
  const input = byId("neuron-at");
  const mark = strip(byId("neuron-strip"), neuron.asked.characters, (span, i) => {
    // the chosen quantity behind the character, then a band for each other one, with a hair's breadth between them
    const stops = [heatOf(values[what][i], most[what]) + " 0 1.3em"];
    bands.forEach((name, n) => {
      const from = 1.4 + 0.4 * n;
      stops.push("transparent 0 " + from.toFixed(1) + "em", heatOf(values[name][i], most[name]) + " 0 " + (from + 0.33).toFixed(2) + "em");
    });
    span.style.backgroundImage = "linear-gradient(" + [...stops, "transparent 0"].join(", ") + ")";
  }, (i) => {
    input.value = i;
    at();
  });
  const box = byId("neuron-strip").firstChild;
  box.classList.add("banded");
  box.style.setProperty("--bands", bands.length);
  const list = bands.map((name) => word(name) + (most[name] > 1 ? " (±" + number(most[name], 1) + ")" : "")).join(", ");
  byId("neuron-bands").textContent = bands.length ? word("rows", { list }) : "";
  const at = () => {
    const i = slider(input, neuron.asked.characters);
    mark(i);
    if (i < 0) return byId("neuron-value").replaceChildren();
    const figures = names.map((name) => name + " = " + number(values[name][i], 2)).join(", ");
    byId("neuron-value").replaceChildren(make("b", {}, shown(neuron.asked.characters[i])), ": " + figures);
    input.setAttribute("aria-valuetext", input.getAttribute("aria-valuetext") + ", " + figures);
  };
  input.oninput = at;
  at();
  const marks = [-1, -0.5, 0, 0.5, 1].map((share) => {
    const span = make("span", {}, number(share * most[what], 1));
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
