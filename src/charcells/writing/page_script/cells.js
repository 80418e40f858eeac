// The cells of PyTorch's nn.RNN, nn.GRU and nn.LSTM, one character at a time; and drawing, with numpy's random numbers.
//
// Legend: V vocabulary, H hidden units, G gates of a cell times H. Matrices are flat, row by row, as PyTorch keeps them.

const GATES = {
  rnn: ["h"],
  gru: ["r", "z", "n"],
  lstm: ["i", "f", "g", "o"], // PyTorch's order in its matrices
};

function bytesOf(base64) {
  const raw = atob(base64);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

/** The number with these 16 bits in IEEE 754: browsers before 2025 have no Float16Array. */
function numberOfHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

let halves = null; // all 65,536 of them, once there are any

function floatOfHalf(bits) {
  if (!halves) halves = Float32Array.from({ length: 65536 }, (_, each) => numberOfHalf(each));
  return halves[bits];
}

/** The numbers of a stored tensor, as Float32Array. An int8 matrix has one scale for each row. */
function unpack(stored) {
  const bytes = bytesOf(stored.data);
  if (stored.kind === "float32") return new Float32Array(bytes.buffer);
  if (stored.kind === "float16") return Float32Array.from(new Uint16Array(bytes.buffer), floatOfHalf);
  const columns = stored.shape[1];
  const scales = new Float32Array(bytesOf(stored.scales).buffer);
  return Float32Array.from(new Int8Array(bytes.buffer), (value, i) => value * scales[Math.floor(i / columns)]);
}

/** Write matrix (rows, columns) times x to sums, four rows at a time, which reads x once for all four. */
function product(matrix, x, sums, rows) {
  const columns = x.length;
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    let a = 0, b = 0, c = 0, d = 0;
    let p = row * columns, q = p + columns, r = q + columns, s = r + columns;
    for (let k = 0; k < columns; k++) {
      const value = x[k];
      a += matrix[p++] * value;
      b += matrix[q++] * value;
      c += matrix[r++] * value;
      d += matrix[s++] * value;
    }
    sums[row] = a; sums[row + 1] = b; sums[row + 2] = c; sums[row + 3] = d;
  }
  for (; row < rows; row++) {
    let sum = 0;
    for (let k = 0, p = row * columns; k < columns; k++) sum += matrix[p++] * x[k];
    sums[row] = sum;
  }
}

function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

class Network {
  /** A model as charcells.writing.page describes it. */
  constructor(description) {
    this.about = description;
    this.cell = description.cell;
    this.layers = description.layers;
    this.size = description.hidden;
    this.gates = GATES[this.cell].length * this.size;
    this.characters = Array.from(description.characters);
    this.tokenOf = new Map(this.characters.map((character, token) => [character, token]));
    const weights = {};
    for (const name in description.weights) weights[name] = unpack(description.weights[name]);
    this.recurrent = [];
    this.inputs = [];
    this.biases = [];
    this.newBiases = [];
    for (let layer = 0; layer < this.layers; layer++) {
      this.recurrent.push(weights["weight_hh_l" + layer]);
      this.inputs.push(weights["weight_ih_l" + layer]);
      // The reset gate of a GRU multiplies the state's part of the new gate, with its bias: that one stays apart.
      const shared = this.cell === "gru" ? 2 * this.size : this.gates;
      const ofInput = weights["bias_ih_l" + layer], ofState = weights["bias_hh_l" + layer];
      this.biases.push(Float64Array.from(ofInput, (value, i) => value + (i < shared ? ofState[i] : 0)));
      this.newBiases.push(ofState.slice(shared));
    }
    this.output = weights["output.weight"];
    this.outputBias = weights["output.bias"];
    this.table = this._table(weights["embedding.weight"]);
    this.read = new Float64Array(this.gates);
    this.carried = new Float64Array(this.gates);
  }

  /** What the first layer's gates get from each character, (V, G). */
  _table(embedding) {
    const V = this.characters.length, G = this.gates, first = this.inputs[0];
    const table = new Float32Array(V * G);
    const sums = new Float64Array(G);
    const width = first.length / G;
    for (let token = 0; token < V; token++) {
      if (embedding) product(first, Float64Array.from(embedding.subarray(token * width, (token + 1) * width)), sums, G);
      for (let g = 0; g < G; g++) {
        table[token * G + g] = (embedding ? sums[g] : first[g * width + token]) + this.biases[0][g];
      }
    }
    return table;
  }

  /** The state before the first character. */
  start() {
    const zeros = () => Array.from({ length: this.layers }, () => new Float64Array(this.size));
    return { hidden: zeros(), cells: zeros(), logits: new Float32Array(this.characters.length) };
  }

  copy(state) {
    const each = (list) => list.map((values) => values.slice());
    return { hidden: each(state.hidden), cells: each(state.cells), logits: state.logits.slice() };
  }

  /** Read one token: changes the state. `trace`, if given, gets what each layer computed, by name. */
  step(state, token, trace) {
    for (let layer = 0; layer < this.layers; layer++) {
      const x = this.read, h = this.carried;
      if (layer === 0) {
        x.set(this.table.subarray(token * this.gates, (token + 1) * this.gates));
      } else {
        product(this.inputs[layer], state.hidden[layer - 1], x, this.gates);
        for (let g = 0; g < this.gates; g++) x[g] += this.biases[layer][g];
      }
      product(this.recurrent[layer], state.hidden[layer], h, this.gates);
      const kept = trace ? this._keep(state, layer) : null;
      this["_" + this.cell](state, layer, x, h, kept);
      if (trace) {
        kept.h = Float32Array.from(state.hidden[layer]);
        if (this.cell === "lstm") kept.c = Float32Array.from(state.cells[layer]);
        trace.push(kept);
      }
    }
    product(this.output, state.hidden[this.layers - 1], state.logits, state.logits.length);
    for (let v = 0; v < state.logits.length; v++) state.logits[v] += this.outputBias[v];
  }

  _keep(state, layer) {
    const kept = { fromInput: Float32Array.from(this.read), fromState: Float32Array.from(this.carried) };
    kept.hBefore = Float32Array.from(state.hidden[layer]);
    kept.cBefore = Float32Array.from(state.cells[layer]);
    if (this.cell === "gru") {
      for (let k = 0; k < this.size; k++) kept.fromState[2 * this.size + k] += this.newBiases[layer][k];
    }
    if (this.cell !== "rnn") for (const gate of GATES[this.cell]) kept[gate] = new Float32Array(this.size);
    return kept;
  }

  _rnn(state, layer, x, h) {
    const hidden = state.hidden[layer];
    for (let k = 0; k < this.size; k++) hidden[k] = Math.tanh(x[k] + h[k]);
  }

  _gru(state, layer, x, h, kept) {
    const size = this.size, hidden = state.hidden[layer], bias = this.newBiases[layer];
    for (let k = 0; k < size; k++) {
      const r = sigmoid(x[k] + h[k]);
      const z = sigmoid(x[size + k] + h[size + k]);
      const n = Math.tanh(x[2 * size + k] + r * (h[2 * size + k] + bias[k]));
      hidden[k] = (1 - z) * n + z * hidden[k];
      if (kept) { kept.r[k] = r; kept.z[k] = z; kept.n[k] = n; }
    }
  }

  _lstm(state, layer, x, h, kept) {
    const size = this.size, hidden = state.hidden[layer], cells = state.cells[layer];
    for (let k = 0; k < size; k++) {
      const i = sigmoid(x[k] + h[k]);
      const f = sigmoid(x[size + k] + h[size + k]);
      const g = Math.tanh(x[2 * size + k] + h[2 * size + k]);
      const o = sigmoid(x[3 * size + k] + h[3 * size + k]);
      cells[k] = f * cells[k] + i * g;
      hidden[k] = o * Math.tanh(cells[k]);
      if (kept) { kept.i[k] = i; kept.f[k] = f; kept.g[k] = g; kept.o[k] = o; }
    }
  }

  /** The tokens of a text that the model knows, and the characters that it does not. */
  encode(text) {
    if (this.about.normalize) text = text.replace(/\r\n?/g, "\n").normalize("NFC");
    const characters = Array.from(text);
    const known = characters.filter((character) => this.tokenOf.has(character));
    const unknown = new Set(characters.filter((character) => !this.tokenOf.has(character)));
    return { tokens: known.map((character) => this.tokenOf.get(character)), characters: known, unknown: [...unknown] };
  }
}

/** Probabilities at a temperature of 1, (V,). */
function softmax(logits) {
  let most = -Infinity, sum = 0;
  for (let v = 0; v < logits.length; v++) if (logits[v] > most) most = logits[v];
  const found = new Float64Array(logits.length);
  for (let v = 0; v < logits.length; v++) sum += found[v] = Math.exp(logits[v] - most);
  for (let v = 0; v < logits.length; v++) found[v] /= sum;
  return found;
}

/** Tokens from the likeliest on; of equal ones the first in the vocabulary. */
function ranked(values) {
  return Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b);
}

/** Draw a token as charcells.writing.draw does. `uniform`: at least 0 and below 1. */
function draw(logits, temperature, topK, uniform) {
  let likeliest = 0;
  for (let v = 1; v < logits.length; v++) if (logits[v] > logits[likeliest]) likeliest = v;
  if (temperature < 1e-6) return likeliest;
  const all = !topK || topK >= logits.length;
  const tokens = all ? null : ranked(logits).slice(0, topK);
  const count = all ? logits.length : topK;
  const weights = new Float64Array(count);
  let total = 0, reached = 0;
  for (let n = 0; n < count; n++) {
    total += weights[n] = Math.exp((logits[all ? n : tokens[n]] - logits[likeliest]) / temperature);
  }
  for (let n = 0; n < count; n++) {
    reached += weights[n];
    if (reached > uniform * total) return all ? n : tokens[n];
  }
  return all ? count - 1 : tokens[count - 1];
}

/** The random numbers of numpy.random.default_rng(seed): O'Neill's PCG64 after numpy's SeedSequence. */
class Random {
  constructor(seed) {
    const [a, b, c, d] = Random.seeds(seed);
    this.increment = ((((c << 64n) | d) << 1n) | 1n) & Random.ALL;
    this.state = 0n;
    this._advance();
    this.state = (this.state + ((a << 64n) | b)) & Random.ALL;
    this._advance();
  }

  /** Four 64-bit words from a seed below 2 ** 53. */
  static seeds(seed) {
    const pool = [seed >>> 0, Math.floor(seed / 2 ** 32), 0, 0];
    let constant = 0x43b0d7e5;
    const hash = (value) => {
      value ^= constant;
      constant = Math.imul(constant, 0x931e8875);
      value = Math.imul(value, constant);
      return (value ^ (value >>> 16)) >>> 0;
    };
    const mix = (x, y) => {
      const value = Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715);
      return (value ^ (value >>> 16)) >>> 0;
    };
    for (let i = 0; i < 4; i++) pool[i] = hash(pool[i]);
    for (let from = 0; from < 4; from++) {
      for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
    }
    constant = 0x8b51f9dd;
    const words = [];
    for (let i = 0; i < 8; i++) {
      let value = pool[i % 4] ^ constant;
      constant = Math.imul(constant, 0x58f38ded);
      value = Math.imul(value, constant);
      words.push(BigInt((value ^ (value >>> 16)) >>> 0));
    }
    return [0, 2, 4, 6].map((i) => words[i] | (words[i + 1] << 32n)); // the lower half first
  }

  _advance() {
    this.state = (this.state * Random.MULTIPLIER + this.increment) & Random.ALL;
  }

  /** A number from 0 to below 1, a little smaller than numpy's, as charcells.writing.generator uses it. */
  next() {
    this._advance();
    const mixed = (this.state >> 64n) ^ (this.state & Random.LOW);
    const turn = this.state >> 122n;
    const turned = ((mixed >> turn) | (mixed << (64n - turn))) & Random.LOW;
    return Number(turned >> 11n) * 2 ** -53 * (1 - 1e-12);
  }
}
Random.MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
Random.ALL = (1n << 128n) - 1n;
Random.LOW = (1n << 64n) - 1n;
