// One model, one layer, one unit: the views 'neuron' and 'inside' choose them.

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

/** The colour of a value between -most and most. */
function heatOf(value, most) {
  const share = Math.min(1, Math.abs(value) / most);
  return "rgba(var(--" + (value < 0 ? "low" : "high") + "), " + (0.85 * share).toFixed(3) + ")";
}

function heat(element, value, most) {
  element.style.backgroundColor = heatOf(value, most);
}
