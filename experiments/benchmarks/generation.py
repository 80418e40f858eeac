"""How fast text is written: TextGenerator beside the loop that anybody writes first, in one run.

    python -m experiments.benchmarks.generation

One thread. The yardstick calls the model (`nn.LSTM` and the like) on one character after another under
torch.inference_mode and draws with softmax and multinomial. Both sides write the same number of characters, in turns;
the ratio is that of the medians, the spread that of the turns. Writes experiments/results/generation.csv.
"""

import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from rich.console import Console
from rich.table import Table

from charlm.generation import TextGenerator
from charlm.model import CharRNN
from charlm.vocabulary import Vocabulary

RESULTS = Path(__file__).parents[1] / "results" / "generation.csv"
VOCABULARY = Vocabulary("".join(chr(0x21 + code) for code in range(90)))
TURNS = 5
SIZES = {"1×128": (1, 128), "2×256": (2, 256), "2×512": (2, 512)}
STREAMS = 64


def plain(model: CharRNN, length: int) -> None:
    """The usual loop."""
    tokens, state = torch.tensor([[0]]), None
    with torch.inference_mode():
        for _ in range(length):
            logits, state = model(tokens, state)
            tokens = torch.multinomial((logits[0, -1] / 0.8).softmax(0), 1).unsqueeze(0)
            VOCABULARY.characters[int(tokens)]


def seconds(write: Callable[[int], Any], length: int) -> float:
    start = time.perf_counter()
    write(length)
    return time.perf_counter() - start


def measure(cell: str, size: str) -> list[dict[str, Any]]:
    """Rows of characters/s for one model: the plain loop, one stream, one stream in 8 bits, many streams."""
    layers, hidden_size = SIZES[size]
    torch.manual_seed(0)
    model = CharRNN(len(VOCABULARY), cell, hidden_size=hidden_size, num_layers=layers).eval()
    fast = TextGenerator(model, VOCABULARY, VOCABULARY.characters[0])
    small = TextGenerator(model, VOCABULARY, VOCABULARY.characters[0], int8=True)
    length = 4000 // (layers * hidden_size // 64)
    sides: dict[str, tuple[Callable[[int], Any], int, int]] = {
        "plain loop": (lambda n: plain(model, n), length, 1),
        "one stream": (lambda n: fast.generate(length=n, temperature=0.8), length, 1),
        "one stream, int8": (lambda n: small.generate(length=n, temperature=0.8), length, 1),
        f"{STREAMS} streams": (
            lambda n: fast.generate_many([fast.prompt], seeds=range(STREAMS), length=n, temperature=0.8),
            max(20, length // 8),
            STREAMS,
        ),
    }
    taken: dict[str, list[float]] = {side: [] for side in sides}
    for turn in range(TURNS + 1):
        for side, (write, characters, _) in sides.items():
            spent = seconds(write, characters)
            if turn > 0:  # the first warms up
                taken[side].append(spent)
    speeds = {
        side: [streams * characters / spent for spent in taken[side]]
        for side, (_, characters, streams) in sides.items()
    }
    yardstick = statistics.median(speeds["plain loop"])
    return [
        {
            "cell": cell,
            "size": size,
            "side": side,
            "characters/s": round(statistics.median(each)),
            "slowest": round(min(each)),
            "fastest": round(max(each)),
            "× plain loop": round(statistics.median(each) / yardstick, 2),
            "× one stream": round(statistics.median(each) / statistics.median(speeds["one stream"]), 2),
        }
        for side, each in speeds.items()
    ]


def show(rows: Sequence[dict[str, Any]]) -> None:
    table = Table(*rows[0])
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    Console().print(table)


def main() -> None:
    torch.set_num_threads(1)
    rows = [row for cell in ("lstm", "gru", "rnn") for size in SIZES for row in measure(cell, size)]
    show(rows)
    machine = {"torch": torch.__version__, "python": platform.python_version(), "machine": platform.machine()}
    pd.DataFrame(rows).assign(**machine).to_csv(RESULTS, index=False)
    print(f"written: {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


if __name__ == "__main__":
    main()
