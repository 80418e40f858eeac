"""The configuration: what is shipped composes, limits hold, free text survives, and imports point downward."""

import dataclasses
import importlib.util
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from omegaconf import DictConfig

from charcells.cli.compose import CONF_DIR, LAUNCHER_PLUGINS, choices, compose, quote_free_text, register
from charcells.cli.help import help_text
from charcells.config import Config, OptimizerConfig, SampleConfig, SchedulerConfig, options
from charcells.errors import UserError
from charcells.registry import CELLS

ROOT = Path(__file__).parents[1]
GROUPS = choices()
SHIPPED = [(group, name) for group, names in GROUPS.items() for name in names]


def compose_unchecked(*overrides: str) -> DictConfig:
    register()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        return hydra_compose("config", quote_free_text(overrides))


DEFAULT = compose_unchecked()


# what is shipped


@pytest.mark.parametrize(("group", "name"), SHIPPED)
def test_every_shipped_config_composes(group: str, name: str) -> None:
    if group == "launcher" and name in LAUNCHER_PLUGINS and importlib.util.find_spec(LAUNCHER_PLUGINS[name]) is None:
        with pytest.raises(UserError, match=rf"make clusters.*'\.\[{name}\]'"):
            compose([f"{group}={name}"])
        return
    config = compose([f"{group}={name}"])
    part = getattr(config, group, None)
    if part is not None:
        assert part.name == name


def test_the_groups_of_the_contract_are_shipped() -> None:
    shipped = {group: {name for of, name in SHIPPED if of == group} for group in GROUPS}
    assert shipped["cell"] == set(CELLS)
    assert shipped["experiment"] >= {"batch_and_size", "keras_book", "min_char_rnn", "bible_report", "book_chapter"}
    assert shipped["optimizer"] == {"adam", "adamw", "rmsprop", "adagrad", "sgd"}
    assert shipped["scheduler"] == {"constant", "one_cycle", "exponential", "plateau"}
    assert shipped["logger"] == {"wandb", "tensorboard", "none"}
    assert shipped["corpus"] >= {"pydoc", "stdlib", "hello", "file", "biblia", "shakespeare", "war_and_peace_bytes"}


def test_the_default_is_an_lstm_on_the_embedded_corpus() -> None:
    config = compose()
    assert (config.cell.name, config.corpus.name, config.logger.name) == ("lstm", "pydoc", "wandb")
    assert config.corpus.file is None


def test_hello_implies_windows_of_four_and_no_held_out_text() -> None:
    data = compose(["corpus=hello"]).data
    assert (data.seq_len, data.val_fraction, data.test_fraction) == (4, 0.0, 0.0)


def test_the_learning_rate_follows_the_cell_unless_it_is_given() -> None:
    for cell in ("rnn", "gru", "lstm"):
        config = compose([f"cell={cell}"])
        assert config.optimizer.lr == config.cell.lr
    assert len({compose([f"cell={cell}"]).optimizer.lr for cell in ("rnn", "gru", "lstm")}) > 1
    assert compose(["cell=gru", "optimizer.lr=0.5"]).optimizer.lr == 0.5


@pytest.mark.parametrize("columns", ["20", "80", "200"])
def test_help_has_each_option_of_a_run_with_its_default_and_its_limits(
    monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for schema in (Config, SampleConfig):
        starts = [line for line in help_text(schema).splitlines() if line.startswith("  ") and line[2] != " "]
        named = [line.split()[0] for line in starts]
        assert len(named) == len(set(named))
        assert set(named) >= {
            name for name, _ in options(schema) if not name.endswith(".name") and "corpus." not in name
        }
    lines = help_text(Config).splitlines()
    assert max(map(len, lines)) <= max(60, min(110, int(columns)))
    words = " ".join(help_text(Config).split())
    assert "model.hidden_size 128 units of each recurrent layer (at least 1) model.num_layers" in words
    assert "data.train_fraction 1.0 share of the training text to train on (above 0 and at most 1)" in words
    assert "optimizer.initial_accumulator_value by choice adagrad: initial value" in words


def test_the_help_of_a_long_name_begins_in_the_column_of_the_others() -> None:
    lines = help_text(Config).splitlines()
    columns = {line.index(word) for word in ("units of each", "adagrad: initial") for line in lines if word in line}
    assert len(columns) == 1


# limits

OWNER = {  # the choices under which an option means something
    **dict.fromkeys(("optimizer.betas", "optimizer.eps"), "optimizer=adam"),
    **dict.fromkeys(("optimizer.alpha", "optimizer.momentum"), "optimizer=rmsprop"),
    "optimizer.initial_accumulator_value": "optimizer=adagrad",
    **dict.fromkeys(("scheduler.warmup", "scheduler.final"), "scheduler=one_cycle"),
    **dict.fromkeys(("scheduler.gamma", "scheduler.hold_epochs"), "scheduler=exponential"),
    **dict.fromkeys(("scheduler.factor", "scheduler.patience"), "scheduler=plateau"),
    **{
        name: "experiment=film_reviews"
        for name, _ in options(Config)
        if name.startswith(("model.head_size", "reviews."))
    },
}


OWNER["data.stride"] = "data.sampling=windows"


def compose_with(schema: type, name: str, value: object) -> typing.Any:
    """The checked configuration with one option set, under the choice that this option needs."""
    override = f"{name}=[0.5,{value}]" if name == "optimizer.betas" else f"{name}={value}"
    if schema is SampleConfig:
        return compose(["run=here", override], "sample")
    return compose([*([OWNER[name]] if name in OWNER else []), override])


def out_of_range() -> Iterator[tuple[type, str, object, str]]:
    """(schema, option, a value just out of its limits, what the message must say is allowed)."""
    for schema in (Config, SampleConfig):
        for name, item in options(schema):
            limits = item.metadata
            if limits["at_least"] is not None:
                yield schema, name, limits["at_least"] - 1, f"at least {limits['at_least']}"
            if limits["above"] is not None:
                yield schema, name, limits["above"], f"above {limits['above']}"
            if limits["at_most"] is not None:
                yield schema, name, limits["at_most"] + 1, f"at most {limits['at_most']}"
            if limits["below"] is not None:
                yield schema, name, limits["below"], f"below {limits['below']}"
            if limits["choices"] and not name.endswith(".name"):  # cell=nonsense is a missing choice
                yield schema, name, "nonsense", "one of " + ", ".join(limits["choices"])


def in_range() -> Iterator[tuple[type, str, object]]:
    """(schema, option, a value at the edge of its limits)."""
    for schema in (Config, SampleConfig):
        for name, item in options(schema):
            for edge in ("at_least", "at_most"):
                if item.metadata[edge] is not None:
                    yield schema, name, item.metadata[edge]
            if not name.endswith(".name"):  # that of a group is chosen with the group
                yield from ((schema, name, choice) for choice in item.metadata["choices"] or ())


@pytest.mark.parametrize(("schema", "name", "value", "rule"), list(out_of_range()))
def test_a_value_out_of_its_limits_is_refused_with_option_value_and_what_is_allowed(
    schema: type, name: str, value: object, rule: str
) -> None:
    with pytest.raises(UserError) as raised:
        compose_with(schema, name, value)
    message = str(raised.value)
    assert message.startswith(f"{name}=")
    assert str(value) in message.split(" is not allowed")[0]
    assert rule in message


@pytest.mark.parametrize(("schema", "name", "value"), list(in_range()))
def test_a_value_at_the_edge_of_its_limits_is_allowed(schema: type, name: str, value: object) -> None:
    config = compose_with(schema, name, value)
    for part in name.split("."):
        config = getattr(config, part)
    assert config == ([0.5, value] if name == "optimizer.betas" else value)


def test_every_number_has_limits() -> None:
    for schema in (Config, SampleConfig):
        for name, item in options(schema):
            kinds = {item.type, *typing.get_args(item.type)}
            if kinds & {int, float}:
                assert any(item.metadata[key] is not None for key in ("at_least", "above")), name


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_numbers_must_be_finite(value: str) -> None:
    with pytest.raises(UserError, match=r"optimizer\.lr=.* is not allowed"):
        compose([f"optimizer.lr={value}"])


@pytest.mark.parametrize(
    "override",
    ["model.num_layers=two", "model.hidden_size=1.5", "optimizer.betas=3", "data.carry_state=maybe", "seed=null"],
)
def test_a_value_of_the_wrong_type_is_refused(override: str) -> None:
    with pytest.raises(UserError, match=rf"{override} is not allowed: it must be "):
        compose([override])


@pytest.mark.parametrize("override", ["modle.num_layers=2", "model.layers=2", "sed=1", "cell=transformer"])
def test_an_unknown_option_or_choice_is_named(override: str) -> None:
    with pytest.raises(UserError, match=override.replace("=", "|").replace(".", r"\.")):
        compose([override])


@pytest.mark.parametrize("override", ["+model.layers=2", "+layers=2"])
def test_an_added_option_that_does_not_exist_is_named(override: str) -> None:
    with pytest.raises(UserError, match="layers"):
        compose([override])


def test_a_missing_option_is_named() -> None:
    with pytest.raises(UserError, match="run is missing: add run="):
        compose([], "sample")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["threads=two"], "threads=two is not allowed: it must be auto or a number"),
        (["data.val_fraction=0.5", "data.test_fraction=0.5"], "val_fraction=0.5 and data.test_fraction=0.5 leave"),
        (["data.train_offset=0.6", "data.train_fraction=0.5"], "train_offset=0.6 and data.train_fraction=0.5 reach"),
        (["data.train_offset=0.1"], "together they must be at most 1"),
        (["trainer.max_steps=0"], "trainer.max_steps=0 is not allowed"),
        (["trainer.max_time=90"], "trainer.max_time=90 is not allowed: write DD:HH:MM:SS"),
        (["trainer.max_time=1h"], "trainer.max_time=1h is not allowed: write DD:HH:MM:SS"),
        (["scheduler=plateau", "data.val_fraction=0"], "scheduler=plateau needs held-out text"),
        (["trainer.max_time=00:00:00:00"], "leaves no time to train"),
        (["data.stride=3"], "data.stride=3 needs data.sampling=windows"),
        (["data.stride=3", "data.sampling=overlapping"], "data.stride=3 needs data.sampling=windows"),
        (["data.reset_state=never", "data.sampling=windows"], "data.reset_state=never needs a state that is carried"),
        (["data.reset_state=never", "data.sampling=overlapping"], "set data.carry_state=true"),
        (["data.reset_state=never", "data.carry_state=false"], "set data.carry_state=true"),
        (["trainer.early_stopping_patience=1", "data.val_fraction=0"], "early_stopping_patience needs held-out text"),
        (["optimizer.betas=[0.9]"], "optimizer.betas=[0.9] is not allowed: it must be two numbers"),
        (["optimizer.betas=[0.9,0.9,0.9]"], "it must be two numbers"),
    ],
)
def test_options_that_do_not_go_together_are_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(UserError) as raised:
        compose(overrides)
    assert message in str(raised.value)


def test_options_that_just_go_together_are_allowed() -> None:
    compose(["threads=auto"])
    compose(["threads=3"])
    compose(["data.val_fraction=0.5", "data.test_fraction=0.25"])
    for tenth in range(1, 10):  # offset and fraction that make one whole, in floating point only nearly
        compose([f"data.train_offset={tenth / 10}", f"data.train_fraction={1 - tenth / 10}"])
    compose(["trainer.max_time='00:01:30:00'"])


TORCH_OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "adagrad": torch.optim.Adagrad,
    "sgd": torch.optim.SGD,
}


@pytest.mark.parametrize("name", TORCH_OPTIMIZERS)
def test_an_optimizer_takes_the_options_that_pytorchs_takes_and_no_others(name: str) -> None:
    parameters = TORCH_OPTIMIZERS[name].__init__.__annotations__
    for field in dataclasses.fields(OptimizerConfig):
        if field.name == "name":
            continue
        value = "[0.5,0.5]" if field.name == "betas" else "0.5"
        overrides = [f"optimizer={name}", f"optimizer.{field.name}={value}"]
        if field.name in parameters:
            assert getattr(compose(overrides).optimizer, field.name) in (0.5, [0.5, 0.5])
        else:
            with pytest.raises(UserError, match=rf"optimizer\.{field.name}=.* does not apply to optimizer={name}, "):
                compose(overrides)


SCHEDULER_OPTIONS = {
    "constant": set(),
    "one_cycle": {"warmup", "final"},
    "exponential": {"gamma", "hold_epochs"},
    "plateau": {"factor", "patience"},
}


@pytest.mark.parametrize("name", SCHEDULER_OPTIONS)
def test_a_scheduler_takes_its_own_options_and_no_others(name: str) -> None:
    for field in dataclasses.fields(SchedulerConfig):
        if field.name == "name":
            continue
        value = 3 if field.name in ("hold_epochs", "patience") else 0.5
        overrides = [f"scheduler={name}", f"scheduler.{field.name}={value}"]
        if field.name in SCHEDULER_OPTIONS[name]:
            assert getattr(compose(overrides).scheduler, field.name) == value
        else:
            with pytest.raises(UserError, match=rf"scheduler\.{field.name}={value} does not apply to scheduler={name}"):
                compose(overrides)
