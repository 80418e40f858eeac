"""The state of a character model after a text: against reading one character at a time, alone."""

import pytest
import torch

from charcells.errors import UserError
from charcells.models import text_states
from charcells.models.char_rnn import CharRNN
from charcells.models.text_states import encode, last_states
from charcells.registry import CELLS, Cell
from charcells.text.vocabulary import Vocabulary

VOCAB, HIDDEN, LAYERS = 7, 5, 2
LENGTHS = (4, 1, 9, 4, 0, 23, 9, 2, 4)


def network(cell: str, **options: int | None) -> CharRNN:
    torch.manual_seed(3)
    return CharRNN(VOCAB, cell, **{"embedding_dim": 3, "hidden_size": HIDDEN, "num_layers": LAYERS} | options).eval()


def texts() -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(1)
    return [torch.randint(VOCAB, (length,), generator=random) for length in LENGTHS]


@torch.inference_mode()
def one_by_one(model: CharRNN, text: torch.Tensor) -> torch.Tensor:
    """The last state, read alone and character after character; layers side by side."""
    state = None
    for token in text:
        _, state = model(token.view(1, 1), state)
    if state is None:
        return torch.zeros(LAYERS * HIDDEN)
    kept = torch.tanh(state[1]) if model.cell == "lstm" else state
    return torch.cat([kept[layer, 0] for layer in range(LAYERS)])


@pytest.mark.parametrize("batch", [1, 3, 256])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "jordan"])
@pytest.mark.parametrize("embedding_dim", [3, None])
def test_a_text_has_the_same_state_alone_and_in_any_batch(monkeypatch, cell, embedding_dim, batch):
    monkeypatch.setattr(text_states, "BATCH", batch)
    monkeypatch.setattr(text_states, "STEPS", 5)  # less than the longest text and more than the shortest
    model = network(cell, embedding_dim=embedding_dim)
    expected = torch.stack([one_by_one(model, text) for text in texts()])
    torch.testing.assert_close(last_states(model, texts()), expected, atol=1e-6, rtol=0)


def test_texts_may_come_in_any_order():
    model = network("gru")
    torch.testing.assert_close(last_states(model, texts()[::-1]).flip(0), last_states(model, texts()))


def test_progress_counts_each_text_once(monkeypatch):
    monkeypatch.setattr(text_states, "BATCH", 3)
    counted = []
    last_states(network("gru"), [text for text in texts() if len(text)], progress=counted.append)
    assert counted == [3, 3, 2]


def test_a_text_is_read_after_a_line_break_and_without_unknown_characters():
    vocabulary = Vocabulary.of("\nabc")
    assert [vocabulary.decode(tokens.tolist()) for tokens in encode(["ab", "zc!", ""], vocabulary)] == [
        "\nab",
        "\nc",
        "\n",
    ]
    assert [tokens.tolist() for tokens in encode(["ab", "z"], Vocabulary.of("ab"))] == [[0, 1], []]


def test_a_cell_whose_state_is_not_known_is_refused(monkeypatch):
    class Three(torch.nn.RNN):
        def forward(self, inputs, state=None):
            outputs, state = super().forward(inputs, None if state is None else state[0])
            return outputs, (state, state, state)

    monkeypatch.setitem(CELLS._rows, "three", Cell(name="three", layers="x:Three", lr=1e-2, help=""))
    monkeypatch.setattr("charcells.models.char_rnn.load_class", lambda path: Three)
    with pytest.raises(UserError, match="cell=three has a state of several tensors"):
        last_states(network("three"), texts())
