"""The configuration: what is shipped composes, limits hold, free text survives, and imports point downward."""

import ast
import dataclasses
import importlib.util
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig

from charcells.cells import CELLS
from charcells.config import (
    CONF_DIR,
    FREE_TEXT,
    LAUNCHER_PLUGINS,
    RESUME_OVERRIDES,
    Config,
    OptimizerConfig,
    SampleConfig,
    SchedulerConfig,
    UserError,
    compose,
    help_text,
    load_for_resume,
    options,
    quote_free_text,
    save,
)

ROOT = Path(__file__).parents[1]
GROUPS = sorted(folder.name for folder in CONF_DIR.iterdir() if folder.is_dir() and folder.name != "hydra")
SHIPPED = [(group, file.stem) for group in GROUPS for file in sorted((CONF_DIR / group).glob("*.yaml"))]


def compose_unchecked(*overrides: str) -> DictConfig:
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


def test_help_has_a_line_for_each_option_of_a_run() -> None:
    for schema in (Config, SampleConfig):
        named = [line.split()[0] for line in help_text(schema).splitlines()]
        assert len(named) == len(set(named))
        assert set(named) >= {name for name, _ in options(schema) if not name.startswith("corpus.")}
    words = [line.split() for line in help_text(Config).splitlines()]
    assert ["model.hidden_size", "128", "units", "of", "each", "recurrent", "layer"] in words


# limits

OWNER = {  # the choices under which an option means something
    **dict.fromkeys(("optimizer.betas", "optimizer.eps"), "optimizer=adam"),
    **dict.fromkeys(("optimizer.alpha", "optimizer.momentum"), "optimizer=rmsprop"),
    "optimizer.initial_accumulator_value": "optimizer=adagrad",
    **dict.fromkeys(("scheduler.warmup", "scheduler.final"), "scheduler=one_cycle"),
    **dict.fromkeys(("scheduler.gamma", "scheduler.hold_epochs"), "scheduler=exponential"),
    **dict.fromkeys(("scheduler.factor", "scheduler.patience"), "scheduler=plateau"),
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
            if limits["choices"]:
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
    with pytest.raises(UserError, match=rf"{override}: .*(Integer|bool|list|Optional)"):
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


# free text

NASTY = [
    "No princípio",
    "Henrique says, don't",
    "El libro empieza: ¿qué?",
    "a=b",
    "a=b,c=d",
    "[x]",
    "[1, 2",
    "{y}",
    "{a: 1}",
    '"q"',
    '"unfinished',
    "'",
    "''",
    "it's 'quoted'",
    "backslash at the end\\",
    "two at the end\\\\",
    r"\'",
    r"\\'",
    r"C:\new\table",
    "${oc.env:HOME}",
    "${seed}",
    "${",
    "$x",
    "$${x}",
    r"\${oc.env:HOME}",
    r"\\${oc.env:HOME}",
    r"\${",
    "}${now:%Y}{",
    "emoji 👩\u200d👩\u200d👧 𝄞",
    "e\u0301",
    "  spaces  ",
    " ",
    "line\nbreak\n",
    "\t",
    "Null",
    "NULL",
    "None",
    "~",
    "true",
    "False",
    "123",
    "-1",
    "1e3",
    "nan",
    "# no comment",
    "(a|b)*",
    "choice(1,2)",
    "@%&!;<>",
]


@pytest.mark.parametrize("text", NASTY)
def test_a_prompt_is_taken_as_typed(text: str) -> None:
    assert compose(["run=here", f"prompt={text}"], "sample").prompt == text


@pytest.mark.parametrize("text", NASTY)
def test_the_free_text_of_a_run_is_taken_as_typed_and_survives_saving(tmp_path: Path, text: str) -> None:
    names = ("corpus.path", "corpora_dir", "init_from")
    config = compose([*(f"{name}={text}" for name in names), f"resume={text}"])
    assert config.corpus.path == config.corpora_dir == config.init_from == text
    assert config.resume == text

    save(config, tmp_path / "config.yaml")
    saved = load_for_resume(tmp_path / "config.yaml", DEFAULT, [])
    assert saved.corpus.path == saved.corpora_dir == saved.init_from == text


def test_three_question_marks_alone_are_refused_by_name() -> None:
    with pytest.raises(UserError, match="prompt is missing"):  # they are how OmegaConf writes a missing value
        compose(["run=here", "prompt=???"], "sample")
    assert compose(["run=here", "prompt=??? "], "sample").prompt == "??? "


def test_null_and_nothing_keep_hydras_meaning() -> None:
    assert compose(["run=here", "prompt=null"], "sample").prompt is None
    assert compose(["run=here", "prompt="], "sample").prompt == ""


def test_free_text_options_are_those_of_the_contract_and_exist() -> None:
    known = {name for schema in (Config, SampleConfig) for name, _ in options(schema)}
    assert set(FREE_TEXT) <= known
    assert set(FREE_TEXT) >= {"prompt", "run", "resume", "init_from", "corpus.path", "corpora_dir"}


def test_other_options_are_left_to_hydra() -> None:
    arguments = [
        "-m",
        "cell=rnn,gru",
        "model.hidden_size=8",
        "--help",
        "seed=range(1,4)",
        "hydra.run.dir='a b'",
        "hydra.sweep.dir=",
    ]
    assert quote_free_text(arguments) == arguments


@pytest.mark.parametrize("name", ["hydra.run.dir", "hydra.sweep.dir"])
@pytest.mark.parametrize("text", [text for text in NASTY if not text.startswith(("'", '"'))])
def test_a_folder_is_taken_as_typed(name: str, text: str) -> None:
    (override,) = OverridesParser.create().parse_overrides(quote_free_text([f"{name}={text}"]))
    assert override.value() == text


def test_a_folder_may_be_named_after_other_options() -> None:
    (argument,) = quote_free_text(["hydra.run.dir=runs/cell=${cell.name},seed=${seed}"])
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        composed = hydra_compose("config", ["cell=gru", argument], return_hydra_config=True)
        assert composed.hydra.run.dir == "runs/cell=gru,seed=1"


@pytest.mark.parametrize("prompt", ["[1:1] In the", "In [1:1]", "1, 2", "['x'], y", "don't"])
def test_a_prompt_with_brackets_or_commas_is_one_prompt(prompt: str) -> None:
    assert compose([f"samples.prompts={prompt}"]).samples.prompts == [prompt]


def test_under_multirun_a_comma_separates_prompts_too() -> None:
    jobs = sweep("-m", r"samples.prompts=Henrique\, says,[1:1] In,b")
    assert jobs_values(jobs, "samples", "prompts") == [["Henrique, says"], ["[1:1] In"], ["b"]]


def sweep(*arguments: str) -> list[list[str]]:
    """The overrides of each job, as Hydra's sweeper makes them from a command line."""
    overrides = [argument for argument in quote_free_text(arguments) if not argument.startswith("-")]
    parsed = OverridesParser.create().parse_overrides(overrides)
    return [list(job) for batch in BasicSweeper.split_arguments(parsed, None) for job in batch]


def jobs_values(jobs: Sequence[Sequence[str]], group: str, name: str) -> list[str]:
    values = []
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        for job in jobs:
            values.append(hydra_compose("config", list(job))[group][name])
    return values


@pytest.mark.parametrize("flag", ["-m", "--multirun"])
def test_a_comma_list_sweeps_under_multirun(flag: str) -> None:
    jobs = sweep(flag, "corpus=file", "corpus.path=No princípio.txt,Henrique's [a=b].txt,${x}.txt")
    assert jobs_values(jobs, "corpus", "path") == ["No princípio.txt", "Henrique's [a=b].txt", "${x}.txt"]


@pytest.mark.parametrize("prompt", ["${seed}", "don't, [x]", "No princípio"])
def test_the_prompts_of_a_run_survive_saving(tmp_path: Path, prompt: str) -> None:
    assert compose([f"samples.prompts={prompt}"]).samples.prompts == [prompt]
    config = compose([])
    config.samples.prompts = [prompt, "b"]
    save(config, tmp_path / "config.yaml")
    assert load_for_resume(tmp_path / "config.yaml", DEFAULT, []).samples.prompts == [prompt, "b"]


def test_an_escaped_comma_does_not_sweep_under_multirun() -> None:
    jobs = sweep("-m", r"corpus.path=Henrique says\, don't,Yes", "seed=1,2")
    assert jobs_values(jobs, "corpus", "path") == ["Henrique says, don't"] * 2 + ["Yes"] * 2


def test_a_comma_is_a_comma_in_a_single_run() -> None:
    jobs = sweep("corpus.path=a,b")
    assert jobs_values(jobs, "corpus", "path") == ["a,b"]


# resuming


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """config.yaml of a run that has little in common with the defaults."""
    overrides = ["cell=gru", "corpus=hello", "optimizer=sgd", "scheduler=plateau", "seed=7", "model.embedding_dim=null"]
    path = tmp_path / "config.yaml"
    save(compose([*overrides, "data.val_fraction=0.2", "trainer.max_epochs=3"]), path)
    return path


def test_a_resumed_run_keeps_its_whole_configuration(saved: Path) -> None:
    resumed = load_for_resume(saved, compose_unchecked("resume=here"), ["resume=here"])
    assert (resumed.cell.name, resumed.seed, resumed.model.embedding_dim) == ("gru", 7, None)
    assert (resumed.optimizer.name, resumed.scheduler.name, resumed.corpus.name) == ("sgd", "plateau", "hello")
    save(dataclasses.replace(resumed, resume=None), saved.with_name("again.yaml"))
    assert saved.with_name("again.yaml").read_text() == saved.read_text()


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("trainer.max_epochs=20", 20),
        ("trainer.max_steps=5", 5),
        ("trainer.max_time='00:00:01:00'", "00:00:01:00"),
        ("trainer.early_stopping_patience=4", 4),
        ("corpora_dir=No princípio", "No princípio"),
        ("corpus.path=it's, here", "it's, here"),
        ("logger.mode=offline", "offline"),
    ],
)
def test_a_resume_changes_what_it_is_asked_to_and_nothing_else(saved: Path, override: str, value: object) -> None:
    name = override.split("=")[0]
    overrides = quote_free_text(["resume=here", override])
    before = dict(flat(load_for_resume(saved, compose_unchecked("resume=here"), ["resume=here"])))
    after = dict(flat(load_for_resume(saved, compose_unchecked("resume=here", override), overrides)))
    assert after[name] == value
    assert {key for key in after if after[key] != before[key]} == {name}


def flat(config: Config) -> Iterator[tuple[str, object]]:
    for name, _ in options(Config):
        value: object = config
        for part in name.split("."):
            value = getattr(value, part)
        yield name, value


@pytest.mark.parametrize("override", ["cell=lstm", "model.hidden_size=9", "seed=2", "++seed=2", "data.batch_size=2"])
def test_a_resume_refuses_other_overrides_and_lists_what_it_accepts(saved: Path, override: str) -> None:
    name = override.split("=")[0].lstrip("+")
    with pytest.raises(UserError) as raised:
        load_for_resume(saved, compose_unchecked("resume=here", override), ["resume=here", override])
    message = str(raised.value)
    assert message.startswith(f"{name} cannot change")
    for accepted in ("trainer.max_epochs", "trainer.max_steps", "trainer.max_time", *RESUME_OVERRIDES):
        assert accepted in message


def test_a_resume_checks_the_limits_of_its_overrides(saved: Path) -> None:
    override = "trainer.max_epochs=0"
    with pytest.raises(UserError, match=r"trainer\.max_epochs=0 is not allowed"):
        load_for_resume(saved, compose_unchecked(override), [override])


@pytest.mark.parametrize("content", ["cell: [", "cell: 3", "model: {hidden_size: many}", "colour: red", "- a list"])
def test_a_damaged_configuration_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match=r"config\.yaml cannot be read"):
        load_for_resume(path, DEFAULT, [])


@pytest.mark.parametrize("content", ["", "seed: 3\n"])
def test_an_incomplete_configuration_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match="missing"):
        load_for_resume(path, DEFAULT, [])


# imports

PACKAGE = ROOT / "src" / "charcells"
ORDER = (
    "files", "config", "lock", "vocabulary", "plots", "corpus", "baselines", "metrics", "cells", "model", "data",
    "decoding", "generation", "sampling", "module", "callbacks", "training", "runs", "sweep", "findings", "report",
)  # fmt: skip
"""Each module imports only from those before it."""

FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imported(path: Path) -> set[str]:
    """The dotted names that a file imports, wherever in it: 'charcells.config' for both ways to import that."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            assert node.module is not None
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def module_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downward(path: Path) -> None:
    own = module_of(path)
    assert own in ORDER, f"{own} has no place in the order of imports"
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "charcells" and len(parts) > 1 and parts[1] in {module_of(file) for file in FILES} - {own}:
            assert ORDER.index(parts[1]) < ORDER.index(own), f"{own} imports {parts[1]}"


@pytest.mark.parametrize(
    ("package", "modules"),
    [
        ("hydra", {"config"}),
        ("omegaconf", {"config"}),
        ("lightning", {"data", "module", "callbacks", "training"}),
        ("matplotlib", {"plots", "report"}),
    ],
)
def test_a_framework_stays_where_it_belongs(package: str, modules: set[str]) -> None:
    users = {module_of(path) for path in FILES if any(name.split(".")[0] == package for name in imported(path))}
    assert users
    assert users <= modules


def test_entry_points_are_imported_by_nobody() -> None:
    for path in [*FILES, PACKAGE / "__init__.py"]:
        assert not {name.split(".")[0] for name in imported(path)} & {"train", "sample", "experiments", "tests"}


# documentation


def test_readme_names_every_option_and_its_default() -> None:
    readme = (CONF_DIR.parent / "README.md").read_text(encoding="utf-8")
    for name, item in options(Config):
        group, _, key = name.partition(".")
        if key == "name" or (group == "corpus" and key not in ("path", "encoding", "normalize", "max_chars")):
            continue
        assert f"| `{name}` |" in readme or name == "cell.lr", name
        if f"| `{name}` |" in readme:
            assert item.metadata["help"] in readme, name
