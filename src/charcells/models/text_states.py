"""What a character model keeps of a text: its state after the last character, for many texts at once.

Legend: R texts, B batch, T time, L layers, H hidden.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from charcells.errors import UserError
from charcells.models.cells import State, map_state
from charcells.models.char_rnn import CharRNN
from charcells.text.vocabulary import Vocabulary

BATCH = 256
"""Texts that are read together, of like lengths."""

STEPS = 256
"""Characters that are read at a time, to bound the memory. The state is carried over, so it does not depend on it."""


def encode(texts: Sequence[str], vocabulary: Vocabulary) -> list[Tensor]:
    """The tokens of each text, (length,) int64, after a line break where the vocabulary has one.

    After a line break a new text begins in what the model has read, as Radford et al. (2017) mark it. Characters that
    are not in the vocabulary are left out.
    """
    begin = "\n" if "\n" in vocabulary else ""
    known = ("".join(character for character in begin + text if character in vocabulary) for text in texts)
    return [torch.from_numpy(vocabulary.encode(text)).long() if text else torch.zeros(0).long() for text in known]


@torch.inference_mode()
def last_states(
    model: CharRNN, texts: Sequence[Tensor], progress: Callable[[int], object] = lambda texts: None
) -> Tensor:
    """The state after the last token of each text, read from a state of zeros: (R, L H), the lowest layer first.

    Of an LSTM the tanh of its cell state, as Radford et al., 'Learning to Generate Reviews and Discovering Sentiment'
    (2017), take it; of other cells the state itself. A text without tokens has zeros. A text has the same state alone
    and among others, to 1e-6: no padding is read, since a row leaves its batch when its text ends.

    Args:
        model: in evaluation mode.
        texts: the tokens of each, (length,) int64.
        progress: called after each batch with the number of its texts.

    Raises UserError for a cell whose state is neither one tensor nor an LSTM's pair.
    """
    found = torch.zeros(len(texts), model.num_layers * model.hidden_size)
    lengths = torch.tensor([len(text) for text in texts])
    order = lengths.argsort(stable=True)
    for chosen in torch.split(order[lengths[order] > 0], BATCH):
        found[chosen] = _read(model, [texts[number] for number in chosen.tolist()])
        progress(len(chosen))
    return found


def _read(model: CharRNN, texts: Sequence[Tensor]) -> Tensor:
    """`last_states` of one batch, whose texts are in ascending order of length: (B, L H)."""
    device = model.output.weight.device
    tokens = pad_sequence(list(texts), batch_first=True).to(device)  # (B, T)
    lengths, counts = torch.unique_consecutive(torch.tensor([len(text) for text in texts]), return_counts=True)
    state: State = None
    parts, read, done = [], 0, 0
    for length, ending in zip(lengths.tolist(), counts.tolist(), strict=True):
        while read < length:
            until = min(read + STEPS, length)
            _, state = model(tokens[done:, read:until], state)
            read = until
        parts.append(_features(model, map_state(lambda part, ending=ending: part[:, :ending], state)))
        state = map_state(lambda part, ending=ending: part[:, ending:].contiguous(), state)
        done += ending
    return torch.cat(parts)


def _features(model: CharRNN, state: State) -> Tensor:
    """A state of L layers and B rows as (B, L H), on the CPU."""
    kept = state[1].tanh() if isinstance(state, tuple) and len(state) == 2 else state
    if not isinstance(kept, Tensor):
        raise UserError(f"cell={model.cell} has a state of several tensors, and which of them is read is not known")
    return kept.transpose(0, 1).flatten(1).float().cpu()
