"""Batches of reviews: each once an epoch, of like lengths, in an order that can be resumed."""

import itertools
from collections import Counter

import pytest
import torch

from charcells.config import ReviewsConfig
from charcells.data.reviews import HeldOutReviews, ReviewBatches, ReviewDataModule


def reviews(number: int, seed: int = 3) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Reviews of 1 to 40 tokens; the first token of each is its number, from 2 on, so that it can be recognised."""
    random = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 41, (number,), generator=random).tolist()
    texts = [torch.full((length,), k + 2, dtype=torch.int32) for k, length in enumerate(lengths)]
    return texts, (torch.arange(number) % 2).float()


def seen(batches) -> Counter:
    return Counter(token for tokens, _, _ in batches for token in tokens[:, 0].tolist())


@pytest.mark.parametrize(("number", "batch_size"), [(1, 4), (8, 4), (1007, 4)])
def test_each_review_comes_once_in_an_epoch(number, batch_size):
    batches = ReviewBatches(*reviews(number), batch_size, seed=1)
    for _ in range(2):
        epoch = list(batches)
        assert len(epoch) == len(batches)
        assert seen(epoch) == Counter(range(2, number + 2))


def test_a_batch_has_the_tokens_lengths_and_labels_of_its_reviews():
    texts, labels = reviews(50)
    for tokens, lengths, of_batch in [*ReviewBatches(texts, labels, 7, seed=1), *HeldOutReviews(texts, labels)]:
        assert tokens.shape == (len(lengths), lengths.max())
        assert tokens.dtype == torch.int64
        for row, length, label in zip(tokens, lengths, of_batch, strict=True):
            number = row[0] - 2
            assert torch.equal(row[:length], texts[number].long())
            assert not row[length:].any()
            assert label == labels[number]


def test_batches_hold_reviews_of_like_lengths():
    batches = list(ReviewBatches(*reviews(4000), 16, seed=1))
    padding = sum(int((tokens == 0).sum()) for tokens, _, _ in batches)
    assert padding < 0.05 * sum(tokens.numel() for tokens, _, _ in batches)
    longest = torch.tensor([tokens.shape[1] for tokens, _, _ in batches]).float()
    later = torch.corrcoef(torch.stack([longest[:-1], longest[1:]]))[0, 1]
    assert abs(later) < 0.3  # the batches themselves come in random order


def test_the_order_follows_from_seed_and_epoch():
    def orders(seed: int) -> list[list[int]]:
        batches = ReviewBatches(*reviews(100), 8, seed)
        return [[int(token) for tokens, _, _ in batches for token in tokens[:, 0]] for _ in range(2)]

    assert orders(1) == orders(1)
    assert orders(1)[0] != orders(1)[1]
    assert orders(1)[0] != orders(2)[0]


@pytest.mark.parametrize("stop", [1, 5, 13, 14, 20])
def test_the_position_is_resumed_exactly(stop):
    def numbers(batches, count):
        following = itertools.chain.from_iterable(iter(batches) for _ in range(4))
        return [tokens[:, 0].tolist() for tokens, _, _ in itertools.islice(following, count)]

    whole = ReviewBatches(*reviews(100), 8, seed=1)  # 13 batches an epoch
    expected = numbers(whole, 30)
    first = ReviewBatches(*reviews(100), 8, seed=1)
    assert numbers(first, stop) == expected[:stop]
    second = ReviewBatches(*reviews(100), 8, seed=1)
    second.load_state_dict(first.state_dict())
    assert numbers(second, 30 - stop) == expected[stop:]


def test_held_out_reviews_are_scored_once_each_and_order_names_them():
    texts, labels = reviews(150)
    batches = HeldOutReviews(texts, labels)
    found = [int(token) - 2 for tokens, _, _ in batches for token in tokens[:, 0]]
    assert sorted(found) == list(range(150))
    assert found == batches.order.tolist()
    assert len(list(batches)) == len(batches)


def table(tmp_path, texts):
    path = tmp_path / "mine.tsv"
    path.write_text("label\ttext\n" + "".join(f"{'ab'[k % 2]}\t{text}\n" for k, text in enumerate(texts)), "utf-8")
    return path


def test_the_vocabulary_is_that_of_the_training_part(tmp_path):
    data = ReviewDataModule(table(tmp_path, [f"common word{k}" for k in range(40)]), batch_size=4)
    data.setup()
    assert data.vocabulary.known[0] == "common"
    assert set(data.vocabulary.known[1:]) == {review.text.split()[1] for review in data.split.train}
    [[tokens, _, _]] = list(data.val_dataloader())
    assert tokens.tolist() == [[2, 1]] * 4  # what only held-out reviews have is unknown


def test_a_review_of_a_million_words_is_cut_and_that_is_said(tmp_path, caplog):
    texts = [f"short {k}" for k in range(20)] + ["word " * 1_000_000 + "end"]
    data = ReviewDataModule(
        table(tmp_path, texts), ReviewsConfig(max_length=50), batch_size=4, val_fraction=0, test_fraction=0
    )
    with caplog.at_level("INFO", logger="charcells"):
        data.setup()
    assert max(len(review) for review in data.train_batches.reviews) == 50
    assert "1 of 21 reviews are longer than reviews.max_length=50 words: only their end is read" in caplog.text
    assert not data.val_dataloader() and not data.test_dataloader()
