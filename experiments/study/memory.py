"""How far back a model's predictions of real text reach: its loss by length of context, and its gradient by lag."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.study.measures import bits_by_context, data_of
from experiments.study.runs import Run

CONTEXTS = (1, 3, 10, 30, 100, 300, 1000)
"""Characters read before a character of the test text is scored."""

GRADIENT_LAGS = (1, 2, 5, 10, 20, 50, 100)
"""Characters between a loss and the state whose gradient is measured."""

POSITIONS = 1000
"""Number of positions in the test text at which each context is scored."""


def positions(run: Run, count: int) -> NDArray[np.intp]:
    """Positions in the run's text of some characters of its test text, drawn with a fixed seed: (count,)."""
    split = data_of(run).text.split
    return np.random.default_rng(0).choice(np.arange(split.val_end, split.length), count)


def bits_after(run: Run) -> list[float]:
    """For each of CONTEXTS the bits per character at POSITIONS if the state is reset that many characters before."""
    from charcells import load

    data = data_of(run)
    contexts = [min(context, data.text.split.val_end) for context in CONTEXTS]
    return bits_by_context(load(run.folder.path).model, data.tokens, positions(run, POSITIONS), contexts)


def gradients(run: Run) -> list[float]:
    """For each of GRADIENT_LAGS the norm of the gradient of a character's loss with respect to the state (h, and c of
    an LSTM) that many characters before it, relative to one character before; the mean over 64 positions of the test
    text."""
    import torch
    from torch.nn import functional as F

    from charcells import load

    data = data_of(run)
    last = max(GRADIENT_LAGS)
    choice = positions(run, 64)
    model = load(run.folder.path).model
    windows = data.tokens[torch.from_numpy(choice)[:, None] + torch.arange(-2 * last, 1)].long()
    with torch.no_grad():
        _, state = model(windows[:, :last])
    states: list[Any] = []
    for column in range(last, 2 * last):
        parts = state if isinstance(state, tuple) else (state,)
        if not states:  # the graph starts here: the characters before only gave the state
            parts = tuple(part.detach().requires_grad_() for part in parts)
        states.append(parts)
        logits, state = model(windows[:, column : column + 1], parts if len(parts) > 1 else parts[0])
    loss = F.cross_entropy(logits[:, -1], windows[:, -1], reduction="sum")
    norms = {}
    for lag in GRADIENT_LAGS:
        found = torch.autograd.grad(loss, states[-lag], retain_graph=True)
        norms[lag] = float(torch.cat(found, -1).norm(dim=-1).mean())
    return [norms[lag] / norms[1] for lag in GRADIENT_LAGS]
