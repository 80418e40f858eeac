// Inside a cell: one step of one unit, its equations with numbers.

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
  const sums = (name) => "W_" + name + " x + b_" + name + " + U_" + name + " h";
  const gate = (index, name, squash) => {
    const [x, h, value] = part(index, name);
    const numbers = name + " = " + squash + "(" + three(x) + " " + signed(h) + ") = " + three(value);
    const before = name === "h" ? "h′" : name;
    return { name, symbols: before + " = " + squash + "(" + (name === "h" ? "W x + b + U h" : sums(name)) + ")", numbers, value };
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
      { name: "n", symbols: "n = tanh(W_n x + b_n + r · (U_n h + d_n))", numbers: candidate, value: n },
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
    const parts = symbols.split(/_(\w)/).map((part, i) => (i % 2 ? make("sub", {}, part) : part));
    const text = make("div", {}, make("p", { className: "symbols" }, ...parts), make("p", {}, numbers));
    return make("div", { className: "equation" }, text, make("div", { className: "gauge", "aria-hidden": "true" }, bar));
  });
  const scale = make("div", { className: "gauge-scale", "aria-hidden": "true" }, ...[-1, 0, 1].map((mark) => make("span", {}, number(mark, 0))));
  const legend = make("p", { className: "note" }, "W x + b: " + word("fromInput") + "; U h: " + word("fromState"));
  byId("equations").replaceChildren(make("h3", {}, word("equations", { unit: unit + 1, character })), scale, ...rows, legend);
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
