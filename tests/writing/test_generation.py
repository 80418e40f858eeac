"""From a checkpoint to text: every way to draw a character, prompts, and what loading leaves untouched.

Legend: V vocabulary.
"""

import itertools
import math
import pickle
import shutil
import sys

import numpy as np
import pytest
import scipy.stats
import torch

import charcells
from charcells.cli.sample import write
from charcells.config import SampleConfig
from charcells.errors import UserError
from charcells.models.char_rnn import CharRNN
from charcells.registry import CELLS, load_class
from charcells.text.vocabulary import Vocabulary
from charcells.training.train import train
from charcells.writing.compiled import CompiledDecoder, pack
from charcells.writing.decoder import PlainDecoder, decoder
from charcells.writing.draw import Draw, choose
from charcells.writing.generator import BLOCK, TextGenerator
from charcells.writing.texts import prepare

ALPHABET = "\n abcdefgé"
V = len(ALPHABET)


pytestmark = pytest.mark.usefixtures("one_thread")


def make_generator(cell="lstm"):
    """An untrained model with strong opinions."""
    torch.manual_seed(2)
    model = CharRNN(V, cell, embedding_dim=5, hidden_size=12, num_layers=2)
    with torch.no_grad():
        model.output.weight.mul_(6)
    return TextGenerator(model.eval(), Vocabulary(ALPHABET), prompt="a")


@pytest.fixture
def generator():
    return make_generator()


@pytest.fixture
def run(small, tmp_path):
    """The folder of a trained run."""
    train(small("a cab, a bed and a bag\n" * 50, "trainer.max_steps=5"), tmp_path / "run")
    return tmp_path / "run"


def plain_logits(generator, text):
    """Logits (V,) of the character after a text, in one forward over all of it."""
    tokens = torch.tensor([[ALPHABET.index(character) for character in text]])
    with torch.no_grad():
        return generator.model(tokens)[0][0, -1]


@pytest.mark.parametrize("cell", CELLS)
def test_temperature_zero_takes_the_likeliest_character_of_a_plain_forward(cell):
    generator = make_generator(cell)
    text = "abé "
    for _ in range(60):
        text += ALPHABET[int(plain_logits(generator, text).argmax())]
    assert generator.generate("abé ", length=60, temperature=0) == text


@pytest.mark.parametrize("temperature", [1e-6, 1e-300, 5e-324])
def test_a_temperature_near_zero_is_greedy(generator, temperature):
    greedy = generator.generate("bad", length=100, temperature=0)
    assert generator.generate("bad", length=100, temperature=temperature) == greedy


def test_the_best_one_alone_is_greedy(generator):
    greedy = generator.generate("bad", length=100, temperature=0)
    assert generator.generate("bad", length=100, top_k=1, seed=4) == greedy


def test_the_same_seed_gives_the_same_text_and_another_seed_another(generator):
    texts = [generator.generate("bad", length=100, seed=seed) for seed in (1, 2, 3)]
    torch.manual_seed(99)  # nothing else has a say
    assert [generator.generate("bad", length=100, seed=seed) for seed in (1, 2, 3)] == texts
    assert len(set(texts)) == 3


def test_a_stream_yields_what_generate_adds_to_the_prompt(generator):
    for options in ({}, {"temperature": 0}, {"top_k": 3, "seed": 7}, {"temperature": 2.0}):
        text = generator.generate("bad", length=50, **options)
        assert text == "bad" + "".join(generator.stream("bad", length=50, **options))
        assert len(text) == 3 + 50


def test_a_longer_text_begins_with_the_shorter_one(generator):
    assert generator.generate("bad", length=80).startswith(generator.generate("bad", length=20))


@pytest.mark.parametrize("top_k", [2, 3])
def test_top_k_never_leaves_the_k_likeliest(generator, top_k):
    text = generator.generate("bad", length=150, temperature=3.0, top_k=top_k)
    ranks = set()
    for end in range(3, len(text)):
        ranked = plain_logits(generator, text[:end]).argsort(descending=True).tolist()
        ranks.add(ranked.index(ALPHABET.index(text[end])))
    assert ranks == set(range(top_k))


def test_a_top_k_beyond_the_vocabulary_draws_among_all(generator):
    assert generator.generate("bad", length=50, top_k=V + 100) == generator.generate("bad", length=50)


LOGITS = torch.tensor([1.0, -0.5, 2.0, 0.3, -2.0, 1.4, 0.0])


def draw_by_torch(logits, how, uniform):
    return choose(logits, how, uniform)


def draw_compiled(logits, how, uniform):
    """By the compiled loop, from a network whose state nobody looks at."""
    model = CharRNN(logits.shape[1], "rnn", embedding_dim=2, hidden_size=3)
    writer = CompiledDecoder.of(model, "float32")
    writer.start(len(logits))
    return writer.write(logits, how, uniform.unsqueeze(0))[0][0]


ways_to_draw = pytest.mark.parametrize("way", [draw_by_torch, draw_compiled])


def draw(way, count, temperature, top_k=None, top_p=None, logits=LOGITS, seed=6):
    """So many tokens, each a text of its own."""
    uniform = torch.rand(count, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return way(logits.expand(count, -1), Draw([temperature] * count, top_k, top_p), uniform)


@ways_to_draw
@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"),
    [
        (1.0, None, None),
        (0.5, None, None),
        (2.0, None, None),
        (1.0, 3, None),
        (0.7, 4, None),
        (1.0, None, 0.8),
        (2.0, 5, 0.7),
    ],
)
def test_characters_are_drawn_as_often_as_the_softmax_says(way, temperature, top_k, top_p):
    draws = 100_000
    observed = torch.bincount(draw(way, draws, temperature, top_k, top_p), minlength=len(LOGITS)).double()
    ranked = LOGITS.argsort(descending=True)[: top_k or len(LOGITS)].tolist()
    weights = {token: math.exp(LOGITS[token].item() / temperature) for token in ranked}
    kept, reached = [], 0.0
    for token in ranked:  # the likeliest ones, until together they have top_p
        if reached < (top_p or 1.0):
            kept.append(token)
        reached += weights[token] / sum(weights.values())
    assert set(observed.nonzero().flatten().tolist()) == set(kept)
    expected = [draws * weights[token] / sum(weights[token] for token in kept) for token in kept]
    assert scipy.stats.chisquare(observed[kept].numpy(), expected).pvalue > 1e-3


@ways_to_draw
def test_of_equal_logits_top_k_keeps_exactly_k(way):
    assert set(draw(way, 1000, 1.0, top_k=3, logits=torch.zeros(7)).tolist()) == {0, 1, 2}
    assert set(draw(way, 1000, 1.0, top_k=2, logits=torch.tensor([0.0, 1.0, 1.0, 1.0])).tolist()) == {1, 2}


@ways_to_draw
def test_top_p_always_leaves_the_likeliest(way):
    assert set(draw(way, 1000, 1.0, top_p=1e-9).tolist()) == {int(LOGITS.argmax())}


@ways_to_draw
def test_the_extremes_of_a_draw_stay_in_the_vocabulary(way):
    ends = torch.tensor([0.0, 1 - 2**-53], dtype=torch.float64)
    for count in range(2, 300):
        logits = torch.randn(1, count, generator=torch.Generator().manual_seed(count)).expand(2, -1)
        drawn = way(logits, Draw([1.0, 1.0]), ends * (1 - 1e-12))
        assert drawn[0] == 0 and 0 <= drawn[1] < count


# many texts, fast


def fused(cell):
    return load_class(CELLS[cell].decoders[-1])


DECODERS = {
    "float32": lambda model: decoder(model),
    "bfloat16": lambda model: decoder(model, "bfloat16"),
    "int8": lambda model: decoder(model, "int8"),
    "without numba": lambda model: fused(model.cell)(model),
    "any cell": PlainDecoder,
}
TOLERANCE = {"bfloat16": 0.02, "int8": 0.05}


@pytest.mark.parametrize("made_by", DECODERS)
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize(("embedding_dim", "hidden_size", "num_layers"), [(5, 12, 2), (None, 33, 1), (7, 70, 3)])
def test_a_step_gives_the_logits_of_the_models_own_forward(cell, embedding_dim, hidden_size, num_layers, made_by):
    torch.manual_seed(3)
    model = CharRNN(V, cell, embedding_dim=embedding_dim, hidden_size=hidden_size, num_layers=num_layers).eval()
    tokens = torch.randint(V, (7, 40))
    with torch.no_grad():
        expected, _ = model(tokens)
    writer = DECODERS[made_by](model)
    writer.start(7)
    found = torch.stack([writer.step(column).clone() for column in tokens.T], 1)
    assert (found - expected).abs().max() < TOLERANCE.get(made_by, 1e-5)


@pytest.mark.parametrize("cell", ["jordan", "output"])
def test_a_cell_without_a_decoder_of_its_own_reads_no_rounded_weights(cell):
    model = CharRNN(V, cell, hidden_size=12).eval()
    assert isinstance(decoder(model), PlainDecoder)
    with pytest.raises(UserError, match=f"weights=int8 is for RNN, GRU and LSTM .* cell={cell} on cpu"):
        decoder(model, "int8")


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_without_numba_the_text_is_the_same(cell, monkeypatch):
    generator = make_generator(cell)
    options = {"length": 300, "temperature": 0.9, "top_k": 8, "top_p": 0.97}
    text = generator.generate("bad", **options)
    monkeypatch.setitem(sys.modules, "charcells.kernels", None)  # its import fails
    slower = make_generator(cell)
    assert slower.generate("bad", **options) == text
    assert isinstance(slower._decoder, fused(cell))
    slower.weights, slower._decoder = "int8", None
    with pytest.raises(UserError, match="where numba is installed"):
        slower.generate("bad")


@pytest.mark.parametrize("kind", ["float32", "bfloat16", "int8"])
def test_weights_are_rounded_to_the_nearest_of_their_kind(kind):
    weights = np.random.default_rng(4).normal(size=(3, 50, 7)).astype(np.float32)
    weights[1, :, 2] = 0
    stored, scales = pack(weights, kind)
    if kind == "bfloat16":
        stored = (stored.astype(np.uint32) << 16).view(np.float32)
    error = np.abs(stored * scales[:, np.newaxis] - weights)
    step = {"float32": 0, "bfloat16": np.abs(weights) * 2**-7, "int8": np.abs(weights).max(1, keepdims=True) / 127}[
        kind
    ]
    assert (error <= step / 2 + 1e-7).all()
    assert stored.nbytes == weights.nbytes or stored.dtype.itemsize < 4


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_vocabulary_too_large_for_a_table_gives_the_same(cell, monkeypatch):
    generator = make_generator(cell)
    text = generator.generate("bad", length=60)
    monkeypatch.setattr("charcells.writing.compiled.MAX_TABLE", 0)
    monkeypatch.setattr("charcells.writing.fused.MAX_TABLE", 0)
    other = make_generator(cell)
    assert other.generate("bad", length=60) == text
    assert isinstance(other._decoder, fused(cell))


ALONE = [
    *itertools.product(("rnn", "gru", "lstm"), (3, 12, 33, 128), ("float32", "bfloat16", "int8", "without numba")),
    ("jordan", 12, "any cell"),
]


@pytest.mark.parametrize(("cell", "hidden_size", "made_by"), ALONE)
def test_a_text_is_the_same_alone_and_among_64(cell, hidden_size, made_by):
    torch.manual_seed(5)
    model = CharRNN(V, cell, embedding_dim=5, hidden_size=hidden_size, num_layers=2).eval()
    generator = TextGenerator(model, Vocabulary(ALPHABET), "a")
    generator._decoder = DECODERS[made_by](model)
    seeds, temperatures = list(range(64)), [0.0, 0.7, 1.0, 2.0] * 16
    prompts = ["bad", "a cab", "é", "g"] * 16
    texts = generator.generate_many(prompts, seeds=seeds, temperature=temperatures, length=60, top_k=8, top_p=0.99)
    assert len(set(texts)) > 40
    for each in (0, 1, 2, 3, 31, 62, 63):
        options = {"length": 60, "top_k": 8, "top_p": 0.99, "seed": seeds[each], "temperature": temperatures[each]}
        assert generator.generate(prompts[each], **options) == texts[each]
        assert prompts[each] + "".join(generator.stream(prompts[each], **options)) == texts[each]


def test_one_prompt_and_temperature_serve_all(generator):
    texts = generator.generate_many(["bad"], seeds=[4, 5], temperature=0.5, length=30)
    assert texts == [generator.generate("bad", seed=seed, temperature=0.5, length=30) for seed in (4, 5)]
    assert generator.generate_many(["bad"], seeds=[4, 5], length=0) == ["bad", "bad"]
    assert generator.generate_many(["bad"], seeds=[], length=5) == []
    with pytest.raises(ValueError, match="3 prompts, 2 seeds and 2 temperatures"):
        generator.generate_many(["a", "b", "c"], seeds=[1, 2])


def test_a_text_longer_than_a_block_of_random_numbers_continues(generator):
    text = generator.generate("bad", length=2 * BLOCK + 5)
    assert len(text) == 3 + 2 * BLOCK + 5
    assert text[3 : 3 + 50] not in text[50:]


def test_writing_leaves_the_model_and_all_settings_as_they_were(generator):
    before = {name: tensor.clone() for name, tensor in generator.model.state_dict().items()}
    settings = (torch.get_num_threads(), torch.is_grad_enabled(), torch.backends.mkldnn.enabled, torch.get_rng_state())
    stream = generator.stream("bad", length=10)
    next(stream)
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    list(stream)
    after = (torch.get_num_threads(), torch.is_grad_enabled(), torch.backends.mkldnn.enabled, torch.get_rng_state())
    assert settings[:3] == after[:3] and torch.equal(settings[3], after[3])
    assert all(torch.equal(before[name], tensor) for name, tensor in generator.model.state_dict().items())
    generator.model(torch.tensor([[1, 2]]))[0].sum().backward()  # still an ordinary model


def test_no_characters_are_added_for_length_zero(generator):
    assert generator.generate("bad", length=0) == "bad"
    assert list(generator.stream("bad", length=0)) == []


def test_without_a_prompt_the_runs_own_is_continued(generator):
    assert generator.generate(length=20) == generator.generate("a", length=20)
    assert generator.generate(length=20).startswith("a")


def test_an_empty_prompt_draws_as_after_the_runs_own_and_shows_none_of_it(generator):
    assert "a" + generator.generate("", length=20) == generator.generate("a", length=20)


def test_the_whole_prompt_is_read(generator):
    assert (
        generator.generate("ab", length=40, temperature=0)[2:] != generator.generate("gb", length=40, temperature=0)[2:]
    )


def test_prompt_characters_that_the_model_never_saw_are_named(generator):
    with pytest.raises(UserError) as error:
        generator.generate("a cañon €", length=5)
    for named in ("'ñ' (U+00F1)", "'o' (U+006F)", "'€' (U+20AC)", "unknown=skip"):
        assert named in str(error.value)
    assert "'a'" not in str(error.value)
    with pytest.raises(UserError, match="U\\+00F1"):
        generator.stream("ñ", length=5)  # at once, not with the first character


TYPED, READ = "a\u0301gua\r\n\ufeff", "água\n\ufeff"


@pytest.fixture
def portuguese(small, tmp_path):
    """Makes the folder of a run on Portuguese text: `portuguese("corpus.normalize=false")`."""

    def make(*overrides, text="água e pão\ufeff\r\n" * 60):
        train(small(text, "trainer.max_steps=2", *overrides), tmp_path / "run")
        return tmp_path / "run"

    return make


def test_a_prompt_is_read_as_the_corpus_of_its_run_was(portuguese):
    generator = charcells.load(portuguese())
    written = generator.generate(READ, length=20)
    assert written.startswith(READ)
    assert generator.generate(TYPED, length=20) == written
    assert "".join(generator.stream(TYPED, length=20)) == written.removeprefix(READ)
    assert generator.generate_many([TYPED, READ, "\ufeff" + READ], seeds=[1, 1, 1], length=20) == [written] * 3


def test_a_prompt_is_not_changed_where_the_corpus_was_not(portuguese):
    run = portuguese("corpus.normalize=false", text="a\u0301gua e pa\u0303o\ufeff\r\n" * 60)
    assert charcells.load(run).generate(TYPED, length=5).startswith(TYPED)
    with pytest.raises(UserError, match=r"'á' \(U\+00E1\)"):
        charcells.load(run).generate(READ, length=5)


def test_sample_py_shows_the_prompt_as_the_corpus_was_read(portuguese, capsys):
    run = portuguese()
    for count in (1, 2):
        write(SampleConfig(run=str(run), prompt=TYPED, length=5, num_samples=count))
        shown = capsys.readouterr().out
        assert shown.count(READ) == count and "\u0301" not in shown


def test_explain_and_grid_read_a_prompt_as_the_corpus_was(portuguese):
    run = portuguese()
    generator = charcells.load(run)
    assert prepare(generator, SampleConfig(run=str(run), prompt=TYPED))[0] == READ


def test_a_checkpoint_from_before_prompts_were_normalised_normalises_them(portuguese):
    path = portuguese() / "checkpoints" / "best.ckpt"
    content = torch.load(path, weights_only=True)
    assert content["charcells"].pop("normalize") is True
    torch.save(content, path)
    assert charcells.load(path).generate(TYPED, length=5).startswith(READ)


def test_unknown_characters_are_skipped_on_request(generator):
    text = generator.generate("caxñb", length=30, unknown="skip")
    assert text.startswith("caxñb")
    assert text[5:] == generator.generate("cab", length=30)[3:]


def test_a_prompt_of_nothing_but_unknown_characters_is_refused_even_then(generator):
    with pytest.raises(UserError, match="no characters that are in the model's vocabulary"):
        generator.generate("xyz", length=5, unknown="skip")


@pytest.mark.parametrize(
    "options",
    [
        *({"length": -1}, {"temperature": -0.1}, {"temperature": math.nan}, {"temperature": math.inf}, {"top_k": 0}),
        *({"top_p": 0}, {"top_p": 1.1}, {"seed": -1}, {"stop": "end"}, {"stop": [""]}, {"unknown": "ignore"}),
    ],
    ids=str,
)
def test_options_out_of_range_are_refused_by_name(generator, options):
    [name] = options
    with pytest.raises(ValueError, match=f"^{name}="):
        generator.stream("a", **options)


def test_a_text_for_a_list_of_prompts_is_refused(generator):
    with pytest.raises(ValueError, match="prompts and seeds are lists"):
        generator.generate_many("abc", seeds=[1, 2, 3])
    with pytest.raises(ValueError, match="prompts and seeds are lists"):
        generator.generate_many(["abc"], seeds=3)


@pytest.mark.parametrize("stop", [["é"], ["ab", "é"], ["\n ", "d"]])
def test_a_text_ends_before_the_first_stop_text(generator, stop):
    options = {"length": 300, "temperature": 1.5}
    whole = generator.generate("bad", **options)[3:]
    ends = {text: whole.find(text) for text in stop if text in whole}
    expected = whole[: min(end + len(text) for text, end in ends.items())] if ends else whole
    for text in stop:
        expected = expected.removesuffix(text) if ends and expected.endswith(text) else expected
    assert ends, "the model must come to it"
    assert generator.generate("bad", stop=stop, **options) == "bad" + expected
    assert "".join(generator.stream("bad", stop=stop, **options)) == expected
    assert generator.generate_many(["bad"], seeds=[1, 1], stop=stop, **options) == ["bad" + expected] * 2


def test_a_prompt_is_read_as_the_corpus_was(generator):
    composed, apart = "abé\n", "abe\u0301\r\n"
    assert generator.generate(apart, length=30) == generator.generate(composed, length=30)
    assert generator.generate_many([apart], seeds=[1], length=30) == [generator.generate(composed, length=30)]
    as_it_is = TextGenerator(generator.model, generator.vocabulary, "a", normalize=False)
    with pytest.raises(UserError, match="U\\+0301"):
        as_it_is.generate(apart, length=30)


def test_a_run_folder_and_its_checkpoint_alone_write_the_same(run, tmp_path):
    text = charcells.load(run).generate("a bed", length=50)
    alone = tmp_path / "elsewhere.ckpt"
    shutil.copy(run / "checkpoints" / "best.ckpt", alone)
    shutil.rmtree(run)
    (tmp_path / "text.txt").unlink()  # nor is the corpus needed
    assert charcells.load(alone).generate("a bed", length=50) == text
    assert charcells.load(str(alone)).generate("a bed", length=50) == text


def test_latest_is_the_newest_run_in_runs(run, tmp_path, monkeypatch, capsys):
    text = charcells.load(run).generate("a bed", length=50)
    (tmp_path / "place" / "runs").mkdir(parents=True)
    run.rename(tmp_path / "place" / "runs" / "it")
    monkeypatch.chdir(tmp_path / "place")
    assert charcells.load("latest").generate("a bed", length=50) == text
    assert capsys.readouterr().err == "latest run: runs/it\n"


def test_a_run_without_a_best_checkpoint_yet_is_sampled_from_its_last(run):
    text = charcells.load(run / "checkpoints" / "last.ckpt").generate(length=20)
    (run / "checkpoints" / "best.ckpt").unlink()
    assert charcells.load(run).generate(length=20) == text


def test_a_loaded_model_is_in_evaluation_mode_and_whole(run):
    generator = charcells.load(run)
    assert isinstance(generator.model, CharRNN)
    assert not any(module.training for module in generator.model.modules())
    assert generator.vocabulary.characters == "\n ,abcdegn"
    weights = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    for name, value in generator.model.state_dict().items():
        assert torch.equal(value, weights[f"model.{name}"])


def global_settings():
    return (
        torch.get_num_threads(),
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
        torch.backends.mkldnn.enabled,
        torch.are_deterministic_algorithms_enabled(),
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_loading_and_writing_change_no_global_setting(run, monkeypatch, threads):
    torch.set_num_threads(threads)
    monkeypatch.setattr(torch.backends.mkldnn, "enabled", True)
    before = global_settings()
    generator = charcells.load(run)
    assert global_settings() == before
    generator.generate(length=5)
    assert global_settings() == before
    stream = generator.stream(length=5)
    list(itertools.islice(stream, 2))
    assert global_settings() == before  # in the midst of a text, too
    stream.close()
    assert global_settings() == before


def test_loading_and_writing_draw_none_of_the_callers_random_numbers(run):
    before = torch.get_rng_state()
    generator = charcells.load(run)
    assert torch.equal(torch.get_rng_state(), before)
    generator.generate(length=5)
    assert torch.equal(torch.get_rng_state(), before)


def saved(path, content):
    torch.save(content, path)
    return path


def test_a_path_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere does not exist: give a run folder"):
        charcells.load(tmp_path / "nowhere")


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(UserError, match=r"has no checkpoint .* is it a run folder\?"):
        charcells.load(tmp_path)


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_a_damaged_checkpoint_is_named(run, kept):
    path = run / "checkpoints" / "best.ckpt"
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if kept < 1 else kept])
    with pytest.raises(UserError, match=r"best\.ckpt is damaged or not a charcells checkpoint"):
        charcells.load(run)


def test_a_file_of_another_kind_is_named(tmp_path):
    (tmp_path / "text.txt").write_text("Call me Ishmael.")
    with pytest.raises(UserError, match=r"text\.txt is damaged or not a charcells checkpoint"):
        charcells.load(tmp_path / "text.txt")


@pytest.mark.parametrize(
    "content", [{}, {"state_dict": {}}, {"charcells": {"unknown": 1}, "state_dict": {}}, [1, 2], 3]
)
def test_a_checkpoint_of_another_program_is_named(tmp_path, content):
    with pytest.raises(UserError, match=r"x\.ckpt is damaged or not a charcells checkpoint"):
        charcells.load(saved(tmp_path / "x.ckpt", content))


def changed(run, **description):
    """A checkpoint of the run whose description says something else."""
    content = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    content["charcells"].update(description)
    return saved(run / "changed.ckpt", content)


def test_a_checkpoint_of_another_format_is_named(run):
    with pytest.raises(UserError, match=r"has checkpoint format 99; this charcells reads 1"):
        charcells.load(changed(run, format=99))


@pytest.mark.parametrize("model", [{"cell": "lstm", "hidden_size": 9}, {"cell": "os.system"}, {"strange": 1}])
def test_a_checkpoint_whose_model_cannot_be_built_is_named(run, model):
    with pytest.raises(UserError, match=r"changed\.ckpt has a model that cannot be built"):
        charcells.load(changed(run, model=model))


class Trap:
    """Whoever unpickles this makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("save", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content))])
def test_loading_runs_nothing_that_a_file_holds(tmp_path, save):
    save({"charcells": Trap(str(tmp_path / "sprung"))}, tmp_path / "x.ckpt")
    with pytest.raises(UserError, match="damaged or not a charcells checkpoint"):
        charcells.load(tmp_path / "x.ckpt")
    assert not (tmp_path / "sprung").exists()
