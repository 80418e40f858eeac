"""Texts become batches in the order that a plain loop would take, from any position on; held-out text is scored whole.

Tokens are positions of the text here, so that a batch tells where it comes from.

Legend: N characters, B batch, T time (characters of a window).
"""

import itertools
import re
from collections import Counter
from dataclasses import asdict

import pytest
import torch

from charcells.data.held_out import WARM_UP, HeldOutBatches
from charcells.data.module import CharDataModule
from charcells.data.reviews import ReviewDataModule
from charcells.data.streams import TrainBatches
from charcells.errors import UserError

SHAPES = [(13, 2, 3), (14, 2, 3), (100, 1, 7), (101, 4, 5), (500, 7, 11), (31, 1, 30), (31, 30, 1)]
"""(N, B, T)"""

SAMPLINGS = ["streams", "windows", "overlapping"]


def batches(n, b, t, sampling="streams", seed=1):
    return TrainBatches(torch.arange(n), b, t, sampling, seed)


def rows(batch):
    """A batch (inputs, targets) as lists."""
    return [part.tolist() for part in batch]


def epoch(loader):
    """One epoch as Lightning takes it: as many batches as the loader says, its iterator never run to the end."""
    return [rows(batch) for batch in itertools.islice(loader, len(loader))]


def starts(epoch_batches):
    """Where each window of an epoch begins, in the order in which they come."""
    return [row[0] for inputs, _ in epoch_batches for row in inputs]


def data_module(config):
    data = CharDataModule(config.corpus, seed=config.seed, **asdict(config.data))
    data.setup()
    return data


def random_text(n, alphabet="abcdefghij \n"):
    generator = torch.Generator().manual_seed(5)
    return "".join(alphabet[i] for i in torch.randint(len(alphabet), (n,), generator=generator))


@pytest.mark.parametrize(("n", "b", "t"), SHAPES)
def test_streams_equal_a_plain_loop_over_the_text(n, b, t):
    text = list(range(n))
    num_batches = 0
    while (num_batches + 1) * t * b + 1 <= n:  # each stream one window longer, and a last target
        num_batches += 1
    expected = []
    for batch in range(num_batches):
        inputs, targets = [], []
        for stream in range(b):
            begin = stream * num_batches * t + batch * t
            inputs.append(text[begin : begin + t])
            targets.append(text[begin + 1 : begin + t + 1])
        expected.append([inputs, targets])
    assert epoch(batches(n, b, t)) == expected


@pytest.mark.parametrize(("n", "b", "t"), SHAPES)
def test_windows_are_cut_one_after_another_and_each_is_used_at_most_once(n, b, t):
    taken = epoch(batches(n, b, t, "windows"))
    for inputs, targets in taken:
        for row, following in zip(inputs, targets, strict=True):
            assert row[0] % t == 0
            assert row == list(range(row[0], row[0] + t))
            assert following == list(range(row[0] + 1, row[0] + t + 1))
    assert len(set(starts(taken))) == len(taken) * b
    windows = (n - 1) // t
    assert windows - len(taken) * b < b  # only an incomplete batch is left out


@pytest.mark.parametrize(("n", "b", "t"), SHAPES)
def test_overlapping_windows_equal_a_plain_loop_over_the_text(n, b, t):
    text = list(range(n))
    expected, begin = [], 0
    while True:
        inputs = [text[begin + row : begin + row + t] for row in range(b)]
        targets = [text[begin + row + 1 : begin + row + t + 1] for row in range(b)]
        if len(text[begin:]) < b * t or len(targets[-1]) < t:
            break
        expected.append([inputs, targets])
        begin += b
    assert epoch(batches(n, b, t, "overlapping")) == expected


@pytest.mark.parametrize(
    ("n", "b", "t", "expected"),
    [
        # 64 windows of 100: 6,400 characters must remain
        (6_400, 64, 100, 1),
        (6_463, 64, 100, 1),
        (6_464, 64, 100, 2),
        (100_000, 64, 100, 1_463),
        # 2 windows of 3: batches begin at 0, 2, 4, 6, and behind 8 there are only 5 characters left
        (13, 2, 3, 4),
        (14, 2, 3, 5),
        # single windows, and windows of one character: the last target decides
        (10, 1, 3, 7),
        (10, 3, 1, 3),
        (9, 3, 1, 2),
    ],
)
def test_overlapping_batches_end_where_batch_size_windows_side_by_side_would_not_fit(n, b, t, expected):
    assert len(batches(n, b, t, "overlapping")) == expected


def test_overlapping_batches_never_change_their_order():
    loader = batches(100, 4, 7, "overlapping", seed=1)
    other = batches(100, 4, 7, "overlapping", seed=2)
    assert epoch(loader) == epoch(loader) == epoch(other)


def test_each_character_is_read_seq_len_times_by_overlapping_windows():
    n, b, t = 500, 4, 7
    read = Counter(
        character for batch in epoch(batches(n, b, t, "overlapping")) for row in batch[0] for character in row
    )
    assert {read[character] for character in range(t - 1, n - b * t)} == {t}


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_the_ranks_share_the_rows_of_each_batch(sampling):
    whole, parts = batches(100, 6, 5, sampling), [batches(100, 6, 5, sampling) for _ in range(3)]
    for rank, part in enumerate(parts):
        part.share(rank, 3)
    for batch, *shares in zip(epoch(whole), *map(epoch, parts), strict=True):
        for side in (0, 1):
            assert [row for share in shares for row in share[side]] == batch[side]


def test_an_epoch_of_windows_uses_each_character_once():
    n, b, t = 12 * 5 + 1, 4, 5
    taken = epoch(batches(n, b, t, "windows"))
    inputs = [character for batch in taken for row in batch[0] for character in row]
    targets = [character for batch in taken for row in batch[1] for character in row]
    assert sorted(inputs) == list(range(n - 1))
    assert sorted(targets) == list(range(1, n))


@pytest.mark.parametrize(("n", "b", "t"), SHAPES)
def test_each_chunk_continues_the_previous_one(n, b, t):
    taken = epoch(batches(n, b, t))
    for (inputs, targets), (next_inputs, _) in itertools.pairwise(taken):
        for row, following, next_row in zip(inputs, targets, next_inputs, strict=True):
            assert next_row[0] == row[-1] + 1 == following[-1]


def test_the_worked_example_of_twelve_characters_in_two_streams():
    loader = TrainBatches(torch.arange(1, 14), batch_size=2, seq_len=3, sampling="streams", seed=1)
    assert epoch(loader) == [
        [[[1, 2, 3], [7, 8, 9]], [[2, 3, 4], [8, 9, 10]]],
        [[[4, 5, 6], [10, 11, 12]], [[5, 6, 7], [11, 12, 13]]],
    ]


def test_the_tail_that_fills_no_batch_is_dropped():
    whole = epoch(batches(13, 2, 3))
    for tail in range(1, 6):
        assert epoch(batches(13 + tail, 2, 3)) == whole
    assert len(epoch(batches(13 + 6, 2, 3))) == len(whole) + 1


def test_batches_are_int64_whatever_the_type_of_the_tokens():
    loader = TrainBatches(torch.arange(13, dtype=torch.uint8), 2, 3, "streams", 1)
    assert all(part.dtype == torch.int64 for batch in loader for part in batch)


def test_windows_are_reshuffled_each_epoch():
    loader = batches(500, 7, 11, "windows")
    first, second, third = (starts(epoch(loader)) for _ in range(3))
    assert first != second != third != first
    assert first != sorted(first)


def test_the_seed_alone_decides_the_order_of_windows():
    orders = []
    for global_seed in (1, 2):
        torch.manual_seed(global_seed)
        loader = batches(500, 7, 11, "windows", seed=3)
        orders.append([starts(epoch(loader)) for _ in range(2)])
    assert orders[0] == orders[1]
    assert starts(epoch(batches(500, 7, 11, "windows", seed=4))) not in orders[0]


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_every_epoch_has_all_its_batches_and_begins_at_the_first_character(sampling):
    loader = batches(500, 7, 11, sampling)
    for _ in range(4):
        taken = epoch(loader)
        assert len(taken) == len(loader) == (61 if sampling == "overlapping" else 6)
        if sampling != "windows":
            assert taken[0][0][0][0] == 0


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_an_abandoned_iterator_leaves_the_next_epoch_whole(sampling):
    untouched = batches(500, 7, 11, sampling)
    expected = [epoch(untouched) for _ in range(3)]
    loader = batches(500, 7, 11, sampling)
    iterator = iter(loader)
    assert [rows(next(iterator)) for _ in range(3)] == expected[0][:3]
    assert epoch(loader) == expected[1]
    assert epoch(loader) == expected[2]


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_an_iterator_that_is_never_used_changes_nothing(sampling):
    untouched = batches(500, 7, 11, sampling)
    expected = [epoch(untouched) for _ in range(2)]
    loader = batches(500, 7, 11, sampling)
    iter(loader)
    assert epoch(loader) == expected[0]
    iter(loader)
    assert epoch(loader) == expected[1]


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("position", range(3 * 6 + 1))
def test_a_restored_position_continues_with_exactly_the_next_batch(sampling, position):
    n = 112 if sampling == "overlapping" else 500  # six batches of 7 × 11 of either
    reference = batches(n, 7, 11, sampling)
    assert len(reference) == 6
    expected = [batch for _ in range(4) for batch in epoch(reference)]
    loader = batches(n, 7, 11, sampling)
    taken = 0
    while taken < position:
        part = min(len(loader), position - taken)
        list(itertools.islice(loader, part))
        taken += part
    restored = batches(n, 7, 11, sampling)
    restored.load_state_dict(loader.state_dict())
    rest = -position % len(loader)  # batches left of the epoch
    following = [rows(batch) for batch in itertools.islice(restored, rest)] if rest else []
    for _ in range((len(expected) - position) // len(loader)):
        following += epoch(restored)
    assert following == expected[position:]


def too_short(n, b, t, sampling="streams"):
    with pytest.raises(UserError, match="too short") as error:
        batches(n, b, t, sampling)
    return str(error.value)


@pytest.mark.parametrize(("n", "b", "t"), [(50, 7, 10), (50, 50, 4), (50, 4, 50), (50, 60, 60), (2, 3, 3), (13, 3, 4)])
def test_a_text_too_short_is_refused_with_the_largest_that_fits(n, b, t):
    if (n, b, t) == (13, 3, 4):
        assert len(batches(n, b, t)) == 1  # just fits, with the last target
        n = 12
    message = too_short(n, b, t)
    assert f"data.batch_size={b}" in message
    assert f"data.seq_len={t}" in message
    for alternative in message.split("the largest that fits: ")[1].split(" or "):
        named = {key: int(value) for key, value in re.findall(r"(batch_size|seq_len)=(\d+)", alternative)}
        fitting_b, fitting_t = named.get("batch_size", b), named.get("seq_len", t)
        assert len(batches(n, fitting_b, fitting_t)) == 1
        for key in named:
            too_short(n, fitting_b + (key == "batch_size"), fitting_t + (key == "seq_len"))


@pytest.mark.parametrize(("n", "b", "t"), [(50, 7, 10), (50, 50, 4), (50, 4, 50), (9, 1, 9), (9, 9, 1), (2, 3, 3)])
def test_a_text_too_short_for_overlapping_windows_is_refused_with_the_largest_that_fits(n, b, t):
    message = too_short(n, b, t, "overlapping")
    assert f"data.batch_size={b} overlapping windows of data.seq_len={t}" in message
    for alternative in message.split("the largest that fits: ")[1].split(" or "):
        named = {key: int(value) for key, value in re.findall(r"(batch_size|seq_len)=(\d+)", alternative)}
        fitting_b, fitting_t = named.get("batch_size", b), named.get("seq_len", t)
        assert len(batches(n, fitting_b, fitting_t, "overlapping")) >= 1
        for key in named:
            too_short(n, fitting_b + (key == "batch_size"), fitting_t + (key == "seq_len"), "overlapping")


def test_a_single_character_is_refused_with_the_advice_to_take_more():
    assert "a longer text" in too_short(1, 1, 1)


def held_out(n, first, last, vocab_size=50):
    """The batches of a held-out part side by side: inputs, targets, scored, each (B, all T)."""
    return [torch.cat(part, 1) for part in zip(*HeldOutBatches(torch.arange(n), first, last, vocab_size), strict=True)]


HELD_OUT = [1, 2, 63, 64, 65, 127, 128, 129, 1000, 20_000]


@pytest.mark.parametrize("before", [1, 2, 100, 257, 5000])
@pytest.mark.parametrize("characters", HELD_OUT)
def test_each_held_out_character_is_scored_exactly_once(characters, before):
    _, targets, scored = held_out(before + characters + 10, before, before + characters)
    assert sorted(targets[scored].tolist()) == list(range(before, before + characters))


@pytest.mark.parametrize("characters", HELD_OUT)
def test_held_out_inputs_stand_one_character_before_their_targets(characters):
    inputs, targets, _ = held_out(5000 + characters, 5000, 5000 + characters)
    assert torch.equal(inputs, targets - 1)


@pytest.mark.parametrize("vocab_size", [50, 60_000])
@pytest.mark.parametrize("characters", HELD_OUT)
def test_held_out_rows_continue_from_batch_to_batch_as_far_as_they_are_scored(characters, vocab_size):
    _, targets, scored = held_out(5000 + characters, 5000, 5000 + characters, vocab_size)
    for row, mask in zip(targets, scored, strict=True):
        if mask.any():
            read = row[: mask.nonzero().max() + 1]
            assert torch.equal(read, torch.arange(read[0], read[0] + len(read)))


@pytest.mark.parametrize("before", [1, 2, 100, 257, 5000])
def test_warm_up_reads_the_text_before_each_segment(before):
    inputs, targets, scored = held_out(before + 1000, before, before + 1000)
    warm_up = min(WARM_UP, before - 1)
    for row, read, mask in zip(targets, inputs, scored, strict=True):
        if mask.any():
            first_scored = int(mask.nonzero().min())
            assert first_scored == warm_up
            assert read[0] == row[first_scored] - 1 - warm_up  # the text before, from so far back on
            assert not mask[:first_scored].any()


def test_scoring_steps_stay_small_for_a_large_vocabulary():
    whole = HeldOutBatches(torch.arange(9000), 5000, 9000, vocab_size=50)
    parts = HeldOutBatches(torch.arange(9000), 5000, 9000, vocab_size=60_000)
    assert max(inputs.numel() for inputs, _, _ in parts) * 60_000 <= 1 << 24
    assert len(parts) == len(list(parts)) > len(whole) == len(list(whole))
    for large, small in zip(held_out(9000, 5000, 9000, 50), held_out(9000, 5000, 9000, 60_000), strict=True):
        assert torch.equal(large, small)


@pytest.mark.parametrize(
    ("fraction", "offset", "begin", "end"),
    [(1.0, 0.0, 0, 800), (0.25, 0.0, 0, 200), (0.25, 0.5, 400, 600), (0.5, 0.5, 400, 800), (0.125, 0.875, 700, 800)],
)
def test_train_fraction_and_train_offset_select_that_part_of_the_training_text(small, fraction, offset, begin, end):
    text = random_text(1000)
    data = data_module(small(text, f"data.train_fraction={fraction}", f"data.train_offset={offset}"))
    assert data.text.train_range == (begin, end)
    assert len(data.text.train_text) == end - begin
    first_inputs, _ = next(iter(data.train_dataloader()))
    assert data.vocabulary.decode(first_inputs[0].tolist()) == text[begin : begin + 20]
    last_targets = list(data.train_dataloader())[-1][1]
    last = data.vocabulary.decode(last_targets[-1].tolist())
    windows = (end - begin - 1) // (4 * 20) * 4
    assert last == text[begin + windows * 20 - 19 : begin + windows * 20 + 1]


def test_held_out_text_does_not_change_with_what_is_trained_on(small):
    text = random_text(2000)
    whole = data_module(small(text))
    assert (whole.text.val_text, whole.text.test_text) == (text[1600:1800], text[1800:])
    for overrides in (
        ["data.train_fraction=0.1"],
        ["data.train_fraction=0.1", "data.train_offset=0.7"],
        ["data.batch_size=1"],
        ["data.batch_size=8", "data.seq_len=100"],
        ["data.seq_len=25", "data.sampling=windows"],
        ["data.seq_len=25", "data.sampling=overlapping"],
    ):
        other = data_module(small(text, *overrides))
        assert (other.text.val_text, other.text.test_text) == (whole.text.val_text, whole.text.test_text)
        assert other.val_sha256 == whole.val_sha256
        assert other.vocabulary == whole.vocabulary
        for one, another in (
            (whole.val_dataloader(), other.val_dataloader()),
            (whole.test_dataloader(), other.test_dataloader()),
        ):
            for expected, batch in zip(one, another, strict=True):
                assert all(torch.equal(a, b) for a, b in zip(expected, batch, strict=True))


def test_the_hash_of_held_out_text_changes_with_the_text(small):
    text = random_text(2000)
    changed = text[:1700] + ("a" if text[1700] != "a" else "b") + text[1701:]
    assert data_module(small(text)).val_sha256 != data_module(small(changed)).val_sha256


def test_without_held_out_text_there_is_nothing_to_score(small):
    text = random_text(500)
    data = data_module(small(text, "data.val_fraction=0", "data.test_fraction=0"))
    assert len(data.text.train_text) == 500
    assert (data.text.val_text, data.text.test_text, data.val_sha256) == ("", "", None)
    assert list(data.val_dataloader()) == list(data.test_dataloader()) == []


def test_a_file_of_ones_own_may_have_the_name_of_a_known_corpus(tmp_path):
    for name in ("pydoc", "imdb"):
        (tmp_path / name).write_text("label\ttext\n" + "good\tfine\nbad\tdull\n" * 20)
        data = CharDataModule(tmp_path / name, batch_size=2, seq_len=8)
        data.setup()
        assert data.corpus_name == name
        assert len(data.tokens) == (tmp_path / name).stat().st_size
    reviews = ReviewDataModule(tmp_path / "imdb", batch_size=2, val_fraction=0, test_fraction=0)
    reviews.setup()
    assert reviews.corpus_name == "imdb"
    assert len(reviews.split.train) == 40
