"""Odd input: generated configurations and texts, each of which must be trained on or refused in one line."""

import shutil
import signal
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from charcells.cli.compose import compose
from charcells.errors import UserError
from charcells.runs import pictures
from charcells.training.train import train
from charcells.writing.generator import load as load_generator
from experiments.robustness.bench import LIMIT, no_picture

Strategy = Any
"""hypothesis.strategies.SearchStrategy; hypothesis, a package of the tests, is imported only where it is used."""

ODD_SIZES = (10**9, 2**31, 2**62, 2**63, 10**30, 10**400, 0, -1)
ODD_SHARES = (1e-9, 0.999999, "1e-310", 0, 1, 1.5, "nan", "inf")


def inputs(count: int, folder: Path, seed: int | None, found: Callable[[str, str, str], None]) -> None:
    """Train on `count` generated configurations and texts.

    Args:
        folder: for the texts and the runs, which are removed again.
        seed: of the generator; None: the same inputs every time.
        found: called for each input with its overrides, its text and its result: 'trained', 'refused: ...' or
            'wrong: ...'.
    """
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    number = 0

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=seed is None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_chosen_options(), _contents())
    def try_one(values: dict[str, Any], content: bytes) -> None:
        nonlocal number
        number += 1
        (folder / "text").write_bytes(content)
        small = {"trainer.max_epochs": 1, "samples.length": 5, "data.batch_size": 2, "data.seq_len": 10, "threads": 1}
        given = small | {"model.hidden_size": 8, "model.embedding_dim": 4, "trainer.max_steps": 3, "logger": "none"}
        if number % 8 and "data.stride" in values:  # a stride is allowed for windows only
            values["data.sampling"] = "windows"
        overrides = [f"{name}={value}" for name, value in (given | values).items()]
        result = trained_or_refused([*overrides, "corpus=file", f"corpus.path={folder / 'text'}"], folder / str(number))
        shown = " ".join(f"{name}={str(value)[:24]}" for name, value in values.items())
        found(ascii(shown)[1:-1], f"{len(content)} bytes {content[:12]!r}", result)

    (try_one if seed is None else seeded(seed)(try_one))()


def _some(*values: Any) -> Strategy:
    from hypothesis import strategies as st

    return st.sampled_from(values)


def _mostly(usual: Strategy, *odd: Any) -> Strategy:
    """A usual value seven times out of eight, otherwise an odd one."""
    from hypothesis import strategies as st

    return st.integers(0, 7).flatmap(lambda n: st.sampled_from(odd) if n == 0 else usual)


def _chosen_options() -> Strategy:
    """Values of up to six different options."""
    from hypothesis import strategies as st

    options = _options()
    return st.lists(st.sampled_from(sorted(options)), unique=True, max_size=6).flatmap(
        lambda names: st.fixed_dictionaries({name: options[name] for name in names})
    )


def _options() -> dict[str, Strategy]:
    """For each option its usual and odd values."""
    from hypothesis import strategies as st

    rate = _mostly(st.floats(1e-6, 10), 1e30, 1e300, 1e-300, "1e-310", "nan", "inf", "-inf", -1, 0)
    part = _mostly(st.floats(0.01, 0.3), *ODD_SHARES)  # of a text that is held out
    share = _mostly(st.floats(0.3, 0.99), *ODD_SHARES)
    size = _mostly(st.integers(1, 12), *ODD_SIZES)
    return {
        **_model_options(size, share),
        **_data_options(size, share, part),
        **_training_options(rate, share, size),
        "samples.temperature": rate,
        "samples.top_k": size,
        "samples.prompts": _mostly(_some("null"), "", "é\u2028", "[", "\U0001f600", "a b", "'"),
        "seed": _mostly(st.integers(0, 2**32 - 1), -1, 2**32),
        "threads": _mostly(_some(1, "auto"), 0, 5000, 10**30),
        "corpus.normalize": _some("true", "false"),
        "corpus.strip_boilerplate": _mostly(_some("false"), "true"),
        "corpus.max_chars": _mostly(st.integers(100, 1000), *ODD_SIZES),
        "corpus.encoding": _mostly(
            _some("utf-8", "iso-8859-1", "cp437"), "utf-16", "utf-7", "unicode_escape", "rot13", "klingon"
        ),
    }


def _model_options(size: Strategy, share: Strategy) -> dict[str, Strategy]:
    from hypothesis import strategies as st

    return {
        "cell": _some("rnn", "gru", "lstm", "jordan", "output"),
        "model.embedding_dim": st.one_of(size, _some("null")),
        "model.hidden_size": size,
        "model.num_layers": _mostly(st.integers(1, 3), 10**9, 2**63),
        "model.dropout": share,
        "model.output_dropout": share,
        "model.init": _some("orthogonal", "torch", "keras", "normal"),
        "model.freeze_second_bias": _some("true", "false"),
        "model.match_parameters": _mostly(st.integers(2000, 5000), 1, 500, 10**12, 10**18),
    }


def _data_options(size: Strategy, share: Strategy, part: Strategy) -> dict[str, Strategy]:
    return {
        "data.batch_size": size,
        "data.seq_len": size,
        "data.stride": size,
        "data.sampling": _some("streams", "windows"),
        "data.carry_state": _some("true", "false"),
        "data.train_fraction": share,
        "data.train_offset": part,
        "data.val_fraction": part,
        "data.test_fraction": part,
    }


def _training_options(rate: Strategy, share: Strategy, size: Strategy) -> dict[str, Strategy]:
    from hypothesis import strategies as st

    return {
        "optimizer": _some("adam", "adamw", "rmsprop", "adagrad", "sgd"),
        "optimizer.lr": rate,
        "optimizer.weight_decay": rate,
        "scheduler": _some("constant", "one_cycle", "exponential", "plateau"),
        "trainer.max_epochs": _mostly(st.integers(1, 2), 10**18, 10**400),
        "trainer.max_time": _mostly(_some("00:00:00:01", "1:0:0:0"), "0:0:0:0", "9999999999:00:00:00", "soon"),
        "trainer.gradient_clip_val": st.one_of(rate, _some("null")),
        "trainer.gradient_clip_algorithm": _some("norm", "value"),
        "trainer.val_check_interval": share,
        "trainer.precision": _some("32-true", "bf16-mixed", "64-true", "16-mixed"),
        "trainer.log_every_n_steps": size,
        "trainer.loss_reduction": _some("mean", "sum"),
        "trainer.save_every_epoch": _some("true", "false"),
        "trainer.early_stopping_patience": size,
    }


def _contents() -> Strategy:
    """Contents of a text file: one in ten of arbitrary bytes, the others encoded from ordinary and from odd texts."""
    from hypothesis import strategies as st

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
        _some("ab" * 500_000, "The quick brown fox.\n" * 200, "\ufeff" + "a\r\n" * 300, "e\u0301" * 500),
    ).map(lambda text: text.encode("utf-8", "surrogatepass"))
    return st.integers(0, 9).flatmap(lambda n: st.binary(max_size=500) if n == 0 else texts)


def trained_or_refused(overrides: Sequence[str], folder: Path) -> str:
    """Train and generate: 'trained', 'refused: ' with the error line, or 'wrong: ' with what must not happen."""

    def hung(number: int, frame: Any) -> None:
        raise TimeoutError(f"not finished after {LIMIT} s")

    signal.signal(signal.SIGALRM, hung)
    signal.alarm(LIMIT)
    pictures.loss_curve = no_picture
    try:
        summary = train(compose(overrides), folder)
        generator = load_generator(folder)
        if summary["status"] != "finished" or len(generator.generate(length=3)) != len(generator.prompt) + 3:
            return f"wrong: {summary['status']}"
        return "trained"
    except UserError as error:
        return f"refused: {str(error)[:300]}" if "\n" not in str(error) else f"wrong: several lines: {error}"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return f"wrong: {''.join(traceback.format_exception(error))[-600:]}"
    finally:
        signal.alarm(0)
        shutil.rmtree(folder, ignore_errors=True)
