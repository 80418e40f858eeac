"""Odd input: generated configurations and texts, each of which must be trained on or refused in one line."""

import shutil
import signal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import charcells
from charcells.cli.compose import compose
from charcells.config import SCHEDULER_OPTIONS
from charcells.errors import UserError
from charcells.registry import CELLS, OPTIMIZERS
from charcells.runs import pictures
from charcells.training.train import train

SMALL = {
    **{"trainer.max_epochs": 1, "trainer.max_steps": 3, "logger": "none", "threads": 1, "samples.length": 5},
    **{"data.batch_size": 2, "data.seq_len": 10, "model.hidden_size": 8, "model.embedding_dim": 4, "corpus": "file"},
}
LIMIT = 60
"""Seconds after which a run counts as hung."""

ODD_SIZES = (10**9, 2**31, 2**62, 2**63, 10**30, 10**400, 0, -1)
ODD_SHARES = (1e-9, 0.999999, "1e-310", 0, 1, 1.5, "nan", "inf")


def some(*values):
    return st.sampled_from(values)


def mostly(usual, *odd):
    """A usual value seven times out of eight, otherwise an odd one."""
    return st.integers(0, 7).flatmap(lambda n: st.sampled_from(odd) if n == 0 else usual)


def chosen_options():
    """Values of up to six different options."""
    known = options()
    return st.lists(st.sampled_from(sorted(known)), unique=True, max_size=6).flatmap(
        lambda names: st.fixed_dictionaries({name: known[name] for name in names})
    )


def options():
    """For each option its usual and odd values."""
    rate = mostly(st.floats(1e-6, 10), 1e30, 1e300, 1e-300, "1e-310", "nan", "inf", "-inf", -1, 0)
    part = mostly(st.floats(0.01, 0.3), *ODD_SHARES)  # of a text that is held out
    share = mostly(st.floats(0.3, 0.99), *ODD_SHARES)
    size = mostly(st.integers(1, 12), *ODD_SIZES)
    return {
        **model_options(size, share),
        **data_options(size, share, part),
        **training_options(rate, share, size),
        "samples.temperature": rate,
        "samples.top_k": size,
        "samples.prompts": mostly(some("null"), "", "é\u2028", "[", "\U0001f600", "a b", "'"),
        "seed": mostly(st.integers(0, 2**32 - 1), -1, 2**32),
        "threads": mostly(some(1, "auto"), 0, 5000, 10**30),
        "corpus.normalize": some("true", "false"),
        "corpus.strip_boilerplate": mostly(some("false"), "true"),
        "corpus.max_chars": mostly(st.integers(100, 1000), *ODD_SIZES),
        "corpus.encoding": mostly(
            some("utf-8", "iso-8859-1", "cp437"), "utf-16", "utf-7", "unicode_escape", "rot13", "klingon"
        ),
    }


def model_options(size, share):
    return {
        "cell": some(*CELLS),
        "model.embedding_dim": st.one_of(size, some("null")),
        "model.hidden_size": size,
        "model.num_layers": mostly(st.integers(1, 3), 10**9, 2**63),
        "model.dropout": share,
        "model.output_dropout": share,
        "model.init": some("orthogonal", "torch", "keras", "normal"),
        "model.freeze_second_bias": some("true", "false"),
        "model.match_parameters": mostly(st.integers(2000, 5000), 1, 500, 10**12, 10**18),
    }


def data_options(size, share, part):
    return {
        "data.batch_size": size,
        "data.seq_len": size,
        "data.stride": size,
        "data.sampling": some("streams", "windows", "overlapping"),
        "data.carry_state": some("true", "false"),
        "data.reset_state": some("epoch", "never"),
        "data.train_fraction": share,
        "data.train_offset": part,
        "data.val_fraction": part,
        "data.test_fraction": part,
    }


def training_options(rate, share, size):
    return {
        "optimizer": some(*OPTIMIZERS),
        "optimizer.lr": rate,
        "optimizer.weight_decay": rate,
        "scheduler": some(*SCHEDULER_OPTIONS),
        "trainer.max_epochs": mostly(st.integers(1, 2), 10**18, 10**400),
        "trainer.max_time": mostly(some("00:00:00:01", "1:0:0:0"), "0:0:0:0", "9999999999:00:00:00", "soon"),
        "trainer.gradient_clip_val": st.one_of(rate, some("null")),
        "trainer.gradient_clip_algorithm": some("norm", "value"),
        "trainer.val_check_interval": share,
        "trainer.precision": some("32-true", "bf16-mixed", "64-true", "16-mixed"),
        "trainer.log_every_n_steps": size,
        "trainer.loss_reduction": some("mean", "sum"),
        "trainer.save_every_epoch": some("true", "false"),
        "trainer.early_stopping_patience": size,
    }


def contents():
    """Contents of a text file: one in ten of arbitrary bytes, the others encoded from ordinary and from odd texts."""
    anything = st.characters(exclude_categories=())  # NUL and lone surrogates too
    proper = st.characters(codec="utf-8", exclude_characters="\0")
    usual = st.text(st.characters(codec="ascii", exclude_characters="\0"), min_size=200, max_size=2000)
    texts = st.one_of(
        usual,
        usual,
        usual,
        st.text(proper, min_size=100, max_size=800),
        st.text(anything, max_size=400),
        st.text(st.sampled_from("a\0b\ud800\U0001f600\u2028\r\n\x1b"), min_size=100, max_size=400),
        st.builds(lambda character, length: character * length, anything, st.integers(0, 3000)),
        st.builds(lambda words, times: " ".join(words) * times, st.lists(st.text(proper)), st.integers(30, 200)),
        some("ab" * 500_000, "The quick brown fox.\n" * 200, "\ufeff" + "a\r\n" * 300, "e\u0301" * 500),
    ).map(lambda text: text.encode("utf-8", "surrogatepass"))
    return st.integers(0, 9).flatmap(lambda n: st.binary(max_size=500) if n == 0 else texts)


def outcome(overrides, folder):
    """'trained' or 'refused'; any other end is a failure of the test."""

    def hung(number, frame):
        raise TimeoutError(f"not finished after {LIMIT} s")

    signal.signal(signal.SIGALRM, hung)
    signal.alarm(LIMIT)
    try:
        summary = train(compose(overrides), folder)
        generator = charcells.load(folder)
        assert summary["status"] == "finished"
        assert len(generator.generate(length=3)) == len(generator.prompt) + 3
        return "trained"
    except UserError as error:
        assert "\n" not in str(error)
        return "refused"
    finally:
        signal.alarm(0)
        shutil.rmtree(folder, ignore_errors=True)


def try_inputs(count, folder, monkeypatch):
    """How many of `count` generated inputs were trained on and how many refused."""
    monkeypatch.setattr(pictures, "loss_curve", lambda run, title: None)  # it takes as long as the training
    ends = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(chosen_options(), contents())
    def try_one(values, content):
        (folder / "text").write_bytes(content)
        if len(ends) % 8 and "data.stride" in values:  # a stride is allowed for windows only
            values["data.sampling"] = "windows"
        overrides = [f"{name}={value}" for name, value in (SMALL | values).items()]
        ends.append(outcome([*overrides, f"corpus.path={folder / 'text'}"], folder / "run"))

    try_one()
    return ends.count("trained"), ends.count("refused")


def test_odd_input_is_trained_on_or_refused(tmp_path, monkeypatch):
    trained, refused = try_inputs(25, tmp_path, monkeypatch)
    assert trained > 2 and refused > 2  # so that the inputs are neither all usual nor all nonsense


@pytest.mark.slow
def test_much_odd_input_is_trained_on_or_refused(tmp_path, monkeypatch):
    trained, refused = try_inputs(300, tmp_path, monkeypatch)
    assert trained > 60 and refused > 60
