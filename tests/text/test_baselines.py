"""Kneser-Ney against a plain dictionary version of the textbook's equations, a known source and published figures."""

import json
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from charcells.cli.baselines import load, main
from charcells.cli.compose import compose
from charcells.errors import UserError
from charcells.text import baselines, ngrams
from charcells.text.baselines import best, cache_file, cached, load_or_measure, measure
from charcells.text.corpus import Corpus, Split, SplitCorpus, split
from charcells.text.ngrams import KneserNey, discounts
from charcells.text.vocabulary import Vocabulary

CORPORA = os.environ.get("CHARCELLS_CORPORA")

WORDS = "the cat sat on the mat; that rat ate the oats, the hat and at last the tall cat's tea. "


def parted(text: str, parts: Split, train_range: tuple[int, int]) -> SplitCorpus:
    return SplitCorpus(Corpus("mine", text, ""), parts, train_range)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache" / project)
    return tmp_path / "cache" / "charcells" / "baselines"


def random_text(seed: int, length: int = 600, alphabet: str = "abcd") -> str:
    """Characters that depend on the two before them, some combinations rare, so that all counts of counts occur."""
    random = np.random.default_rng(seed)
    table = random.dirichlet(np.full(len(alphabet), 0.3), (len(alphabet), len(alphabet)))
    tokens = [0, 0]
    for _ in range(length):
        tokens.append(int(random.choice(len(alphabet), p=table[tokens[-2], tokens[-1]])))
    return "".join(alphabet[token] for token in tokens[2:])


def model_of(text: str, order: int, known: str = "") -> KneserNey:
    """A model of a text; `known` are further characters of the vocabulary."""
    vocabulary = Vocabulary.of(text + known)
    return KneserNey(vocabulary.encode(text), vocabulary, order)


def naive(text: str, alphabet: Sequence[str], context: str, character: str, order: int) -> float:
    """p(character | context) by Chen and Goodman's equations, with dictionaries, counting anew for each call."""

    def counts(k: int) -> Counter[str]:
        grams = [(text[i : i + k + 1], text[i - 1] if i else None) for i in range(len(text) - k)]
        if k == order:
            return Counter(gram for gram, _ in grams)
        return Counter(gram for gram, _ in set(grams))

    def discount_of(k: int) -> dict[int, float]:
        n = Counter(counts(k).values())
        fallback = {1: 0.5, 2: 1.0, 3: 1.5}
        if not (n[1] and n[2] and n[3] and n[4]):
            return fallback
        y = n[1] / (n[1] + 2 * n[2])
        estimated = {1: 1 - 2 * y * n[2] / n[1], 2: 2 - 3 * y * n[3] / n[2], 3: 3 - 4 * y * n[4] / n[3]}
        return estimated if all(0 < value < i for i, value in estimated.items()) else fallback

    def probability(k: int) -> float:
        if k < 0:
            return 1 / len(alphabet)
        count, d = counts(k), discount_of(k)
        history = context[len(context) - k :]
        if k > len(context):
            return probability(k - 1)
        total = sum(count[history + following] for following in alphabet)
        if total == 0:
            return probability(k - 1)
        seen = dict.fromkeys((1, 2, 3), 0)
        for following in alphabet:
            if count[history + following]:
                seen[min(3, count[history + following])] += 1
        gamma = sum(d[i] * seen[i] for i in seen) / total
        own = count[history + character]
        return max(own - d[min(3, own)], 0) / total + gamma * probability(k - 1) if own else gamma * probability(k - 1)

    return probability(order)


def probabilities(model: KneserNey, context: str, order: int | None = None) -> NDArray[np.float64]:
    """The probability of each character of the vocabulary after a context, by scoring each of them there: (V,)."""
    texts = (model.vocabulary.encode(context + character) for character in model.vocabulary.characters)
    losses = [model.losses(text, len(context), len(context) + 1) for text in texts]
    return np.exp([-loss[model.order if order is None else order] for loss in losses])


# the model


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_probabilities_are_those_of_the_textbook(seed: int, order: int) -> None:
    text = random_text(seed, length=[600, 250, 60, 12][seed])
    model = model_of(text, 3, known="abcdz")
    alphabet = model.vocabulary.characters
    for context in ("", "a", text[:3], text[7:10], text[-3:], "z", "az", "dza", "zab", "xyzbca"[3:]):
        expected = [naive(text, alphabet, context, character, order) for character in alphabet]
        np.testing.assert_allclose(probabilities(model, context, order), expected, rtol=1e-12)


def test_the_estimated_discounts_are_used_where_they_can_be() -> None:
    """The test above must not have run on the fallback alone."""
    text = random_text(0)
    grams = Counter(text[i : i + 4] for i in range(len(text) - 3))
    assert not np.array_equal(discounts(np.array(list(grams.values()))), ngrams.FALLBACK)


def test_discounts_by_hand() -> None:
    counts = np.repeat([1, 2, 3, 4, 7], [10, 5, 2, 1, 3])  # Y = 10 / (10 + 2 × 5) = 1/2
    np.testing.assert_allclose(discounts(counts), [0, 1 - 2 / 2 * 5 / 10, 2 - 3 / 2 * 2 / 5, 3 - 4 / 2 * 1 / 2])


def test_a_probability_by_hand() -> None:
    """'abab', order 1: ab twice and ba once, so the fallback discounts hold; V = 2.

    Continuation: a after b and after the edge: 2; b after a: 1. p(a) = (2 - 1) / 3 + (1 + .5) / 3 × 1/2 = 7/12, so
    p(b) = 5/12. After a: b twice, p(b | a) = (2 - 1) / 2 + 1 / 2 × 5/12 = 17/24. After b: a once,
    p(a | b) = (1 - .5) / 1 + .5 × 7/12 = 19/24.
    """
    model = model_of("abab", 1)
    np.testing.assert_allclose(probabilities(model, "a"), [7 / 24, 17 / 24])
    np.testing.assert_allclose(probabilities(model, "b"), [19 / 24, 5 / 24])


@pytest.mark.parametrize("text", ["a", "aaaa", "hello", "abcdefghij", "ab" * 50, WORDS * 3, random_text(5)])
@pytest.mark.parametrize("order", [0, 1, 2, 5, 10])
def test_probabilities_sum_to_one_and_none_is_zero(text: str, order: int) -> None:
    model = model_of(text, order, known="qz")
    for context in ("", "q", "zq" * 10, text, text + "q", "q" + text, text[:1], text[:4], text[1:3]):
        found = probabilities(model, context)
        assert found.min() > 0
        assert found.sum() == pytest.approx(1, abs=1e-12)


def test_without_training_text_the_model_is_uniform() -> None:
    model = model_of("", 3, known="abcd")
    np.testing.assert_allclose(probabilities(model, "ab"), 0.25)


def test_order_0_counts_characters() -> None:
    text = random_text(1, 5000, "abcdefgh")
    model = model_of(text, 2)
    frequencies = [text.count(character) / len(text) for character in model.vocabulary.characters]
    for context in ("", "a", "bc"):
        np.testing.assert_allclose(probabilities(model, context, 0), frequencies, atol=2e-3)


@pytest.mark.parametrize("first", [1, 2, 40])
def test_each_character_is_scored_once_after_the_characters_before_it(first: int) -> None:
    text, last = random_text(2, 300), 120
    model = model_of(text[150:], 4)
    scored = model.losses(model.vocabulary.encode(text), first, last)
    for order in range(5):
        nats = [
            -math.log(probabilities(model, text[:position], order)[model.vocabulary.characters.index(text[position])])
            for position in range(first, last)
        ]
        assert scored[order] == pytest.approx(sum(nats) / len(nats), rel=1e-12)


def test_one_model_holds_those_of_all_lower_orders() -> None:
    text = random_text(3)
    tokens = Vocabulary.of(text).encode(text)
    losses = model_of(text[:400], 5).losses(tokens, 400, 600)
    for order in range(6):
        alone = model_of(text[:400], order).losses(tokens, 400, 600)
        np.testing.assert_allclose(losses[: order + 1], alone, rtol=1e-12)


def test_a_second_order_source_is_scored_near_its_entropy() -> None:
    random = np.random.default_rng(7)
    size, length = 6, 120_000
    table = random.dirichlet(np.full(size, 0.5), (size, size))
    tokens, uniform = np.zeros(length, np.uint8), random.random(length)
    summed = table.cumsum(2)
    for i in range(2, length):
        tokens[i] = min(size - 1, np.searchsorted(summed[tokens[i - 2], tokens[i - 1]], uniform[i]))
    entropy = -np.log(table[tokens[99_998:-2], tokens[99_999:-1], tokens[100_000:]]).mean()
    losses = KneserNey(tokens[:100_000], Vocabulary("abcdef"), 5).losses(tokens, 100_000, length)
    assert losses[2] == pytest.approx(entropy, rel=0.005)
    assert losses[0] > losses[1] > 1.05 * losses[2]
    assert losses[2] < losses[5] < 1.05 * entropy  # longer contexts find nothing and lose little


def test_an_order_below_0_is_refused() -> None:
    with pytest.raises(ValueError, match="order=-1"):
        model_of("hello", -1)


# measuring


def test_held_out_text_never_influences_the_model() -> None:
    text = random_text(6, 1000)
    parts = split(1000, 0.1, 0.1)
    result = measure(parted(text, parts, (0, 800)))
    other_test = measure(parted(text[:900] + text[:100], parts, (0, 800)))
    other_beginning = measure(parted("dcba" * 100 + text[400:], parts, (400, 800)))
    beginning_unread = measure(parted(text, parts, (400, 800)))
    for row, other in zip(result["rows"], other_test["rows"], strict=True):
        assert row["val/loss"] == other["val/loss"]
        assert row["test/loss"] != other["test/loss"]
    assert other_beginning["rows"] == beginning_unread["rows"]
    assert other_beginning["rows"] != result["rows"]


def test_rows_are_the_models_own_losses_and_the_best_is_by_validation() -> None:
    text = WORDS * 12
    parts = split(len(text), 0.1, 0.2)
    result = measure(parted(text, parts, (0, parts.train_end)))
    model = model_of(text[: parts.train_end], 10, known=text)
    val = model.losses(model.vocabulary.encode(text), parts.train_end, parts.val_end)
    ngrams = [row for row in result["rows"] if row["name"] == "n-gram"]
    assert [row["order"] for row in ngrams] == list(range(1, 11))
    assert [row["val/loss"] for row in ngrams] == pytest.approx(val[1:])
    assert [row["val/bpc"] for row in ngrams] == pytest.approx(val[1:] / math.log(2))
    chosen = best(result)
    assert chosen is not None
    assert chosen["val/loss"] == min(row["val/loss"] for row in ngrams)


def test_xz_sees_the_training_text_and_compressors_alone_do_not() -> None:
    """Letters without any pattern, log2(26) = 4.7 bits each, and the same letters once more."""
    random = np.random.default_rng(0)
    letters = "".join(random.choice(list("abcdefghijklmnopqrstuvwxyz"), 20_000))
    result = measure(parted(letters + letters[:5000], split(25_000, 0, 0.2), (0, 20_000)))
    bits = {row["name"]: row["test/bpc"] for row in result["rows"] if row["order"] is None}
    assert bits["xz"] < 0.1
    assert 4.7 < bits["xz alone"] < 5.5
    assert 4.7 < bits["bz2 alone"] < 5.5


@pytest.mark.parametrize("text", ["aaaaaaaaaa", "hello hell", "abcdefghij", "áé\U0001f600\ud800abcdef"])
def test_degenerate_texts_are_measured(text: str) -> None:
    result = measure(parted(text, split(10, 0.2, 0.2), (0, 6)))
    assert all(math.isfinite(row["val/loss"]) for row in result["rows"])


def test_a_part_without_text_has_no_figures() -> None:
    text = WORDS * 4
    parts = split(len(text), 0.0, 0.1)
    result = measure(parted(text, parts, (0, parts.train_end)))
    assert result["best_order"] is None
    assert best(result) is None
    assert {row["val/bpc"] for row in result["rows"]} == {None}
    assert all(math.isfinite(row["test/bpc"]) for row in result["rows"])


# the cache and the command


def test_a_result_is_kept_and_found_by_text_split_and_range(cache: Path) -> None:
    text = WORDS * 4
    parts = split(len(text), 0.1, 0.1)
    asked = (text, parts, (0, parts.train_end))
    assert cached(parted(*asked)) is None
    result = load_or_measure(SplitCorpus(Corpus("mine", text, "0" * 64), *asked[1:]))
    assert cached(parted(*asked)) == result
    assert [path.parent for path in (cache_file(parted(*asked)), *cache.iterdir())] == [cache, cache]
    assert cached(parted(text.replace("c", "k"), *asked[1:])) is None
    assert cached(parted(text, split(len(text), 0.1, 0.2), asked[2])) is None
    assert cached(parted(text, parts, (1, parts.train_end))) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 0, "rows": []}', "\udcff"])
def test_a_damaged_or_old_result_is_measured_again(content: str) -> None:
    text = WORDS * 4
    parts = split(len(text), 0.1, 0.1)
    path = cache_file(parted(text, parts, (0, parts.train_end)))
    path.parent.mkdir(parents=True)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    result = load_or_measure(SplitCorpus(Corpus("mine", text, ""), parts, (0, parts.train_end)))
    assert json.loads(path.read_text()) == result == cached(parted(text, parts, (0, parts.train_end)))


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text("a file where the folder should be")
    text = WORDS * 4
    parts = split(len(text), 0.1, 0.1)
    assert load_or_measure(SplitCorpus(Corpus("mine", text, ""), parts, (0, parts.train_end)))["rows"]
    assert "is not cached" in caplog.text


@pytest.mark.parametrize(
    "overrides",
    [[], ["data.train_fraction=0.3", "data.train_offset=0.4"], ["data.val_fraction=0.2", "corpus.max_chars=1000"]],
)
def test_the_options_mean_what_they_mean_in_training(tmp_path: Path, overrides: list[str]) -> None:
    from charcells.cli.compose import compose
    from charcells.data.module import CharDataModule

    path = tmp_path / "text.txt"
    path.write_text(WORDS * 40, encoding="utf-8")
    arguments = ["corpus=file", f"corpus.path={path}", "data.batch_size=1", *overrides]
    config = compose(arguments)
    data = CharDataModule(config.corpus, config.corpora_dir, **asdict(config.data))
    data.setup()
    assert load(compose(arguments)) == data.text


def test_the_command_shows_a_table_and_at_once_when_asked_again(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my text.txt").write_text(WORDS * 8, encoding="utf-8")
    arguments = ["corpus=file", f"corpus.path={tmp_path / 'my text.txt'}", "data.train_fraction=0.5"]
    main(arguments)
    shown = capsys.readouterr().out
    (result,) = [json.loads(path.read_text()) for path in cache.iterdir()]
    assert result["corpus"] == "my text.txt"
    for row in result["rows"]:
        line = next(
            line for line in shown.splitlines() if f"│ {row['name']}{', order' if row['order'] else ' '}" in line
        )
        assert line
        assert f"{row['val/bpc']:.3f} " in shown
        assert f"{row['test/bpc']:.3f}" in shown
    (marked,) = [line for line in shown.splitlines() if "best" in line]
    assert f"order {result['best_order']} " in marked
    monkeypatch.setattr(baselines, "measure", None)  # not called again
    main(arguments)
    assert capsys.readouterr().out == shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["corpus=bibla"], "there is no corpus=bibla, did you mean biblia"),
        (["corpus=file"], "corpus.path"),
        (["corpus=file", "corpus.path=no such file"], "no such file"),
        (["corpus=hello"], "leave nothing to score"),
        (["corpus.nmae=pydoc"], "nmae"),
        (["data.train_fraction=2"], "data.train_fraction=2"),
        (["data.train_fraction=0.000001"], "leaves no training text"),
        (["data.train_fraction=half"], "data.train_fraction"),
        (["pydoc"], "pydoc"),
        (["-m", "corpus=pydoc"], "name=value"),
    ],
)
def test_wrong_options_are_named(arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=f"(?s){message}"):
        main(arguments)


def test_help_comes_without_torch() -> None:
    program = (
        "import sys; from charcells.cli import baselines; baselines.main(['--help']);"
        "assert not {'torch', 'lightning', 'pandas', 'matplotlib'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "charcells baselines" in done.stdout


def test_the_command_line_exits_with_1_and_one_message(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "charcells", "baselines", "corpus=hello"],
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


# published figures


@pytest.mark.slow
@pytest.mark.skipif(not CORPORA, reason="CHARCELLS_CORPORA is not set")
def test_war_and_peace_is_scored_as_published() -> None:
    """Karpathy, Johnson and Fei-Fei 2015 (arXiv 1506.02078): the n-gram models beside figure 1, test loss in nats."""
    text = load(compose(["corpus=war_and_peace_bytes"]))
    corpus, parts, train_range = text.corpus, text.split, text.train_range
    vocabulary = Vocabulary.of(corpus.text)
    tokens = vocabulary.encode(corpus.text)
    losses = KneserNey(tokens[slice(*train_range)], vocabulary, 7).losses(tokens, parts.val_end, parts.length)
    published = {1: 2.399, 2: 1.928, 3: 1.521, 4: 1.314, 5: 1.232, 6: 1.203, 7: 1.194}
    for order, nats in published.items():
        assert losses[order] == pytest.approx(nats, abs=0.03 if order <= 4 else 0.05)
