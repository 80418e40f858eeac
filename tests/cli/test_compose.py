"""From the words of a command line to a configuration: free text survives, a resume accepts what it may."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

from charcells.cli.compose import (
    CONF_DIR,
    RESUME_OVERRIDES,
    SCHEMAS,
    compose,
    config_to_resume,
    quote_free_text,
    register,
)
from charcells.cli.free_text import FREE_TEXT
from charcells.config import Config, options
from charcells.errors import UserError
from charcells.runs.folder import RunFolder

DEFAULT = compose()


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
    path = ["x"] if text == "[x]" else text  # a list, since no file of that name exists
    assert config.corpora_dir == config.init_from == config.resume == text
    assert config.corpus.path == path

    RunFolder(tmp_path).write_config(config)
    saved = config_to_resume(RunFolder(tmp_path), DEFAULT, [])
    assert saved.corpora_dir == saved.init_from == text
    assert saved.corpus.path == path


def test_three_question_marks_alone_are_refused_by_name() -> None:
    with pytest.raises(UserError, match="prompt is missing"):  # they are how OmegaConf writes a missing value
        compose(["run=here", "prompt=???"], "sample")
    assert compose(["run=here", "prompt=??? "], "sample").prompt == "??? "


def test_null_and_nothing_keep_hydras_meaning() -> None:
    assert compose(["run=here", "prompt=null"], "sample").prompt is None
    assert compose(["run=here", "prompt="], "sample").prompt == ""


def test_free_text_options_are_those_of_the_contract_and_exist() -> None:
    known = {name for schema in SCHEMAS.values() for name, _ in options(schema)}
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
    register()
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
    register()
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
    RunFolder(tmp_path).write_config(config)
    assert config_to_resume(RunFolder(tmp_path), DEFAULT, []).samples.prompts == [prompt, "b"]


def test_an_escaped_comma_does_not_sweep_under_multirun() -> None:
    jobs = sweep("-m", r"corpus.path=Henrique says\, don't,Yes", "seed=1,2")
    assert jobs_values(jobs, "corpus", "path") == ["Henrique says, don't"] * 2 + ["Yes"] * 2


def test_a_comma_is_a_comma_in_a_single_run() -> None:
    jobs = sweep("corpus.path=a,b")
    assert jobs_values(jobs, "corpus", "path") == ["a,b"]


# resuming


@pytest.fixture
def saved(tmp_path: Path) -> RunFolder:
    """The folder of a run that has little in common with the defaults."""
    overrides = ["cell=gru", "corpus=hello", "optimizer=sgd", "scheduler=plateau", "seed=7", "model.embedding_dim=null"]
    run = RunFolder(tmp_path)
    run.write_config(compose([*overrides, "data.val_fraction=0.2", "trainer.max_epochs=3"]))
    return run


def test_a_resumed_run_keeps_its_whole_configuration(saved: RunFolder) -> None:
    resumed = config_to_resume(saved, compose(["resume=here"]), ["resume=here"])
    assert (resumed.cell.name, resumed.seed, resumed.model.embedding_dim) == ("gru", 7, None)
    assert (resumed.optimizer.name, resumed.scheduler.name, resumed.corpus.name) == ("sgd", "plateau", "hello")
    before = (saved.path / "config.yaml").read_text()
    saved.write_config(resumed)
    assert (saved.path / "config.yaml").read_text() == before


@pytest.mark.parametrize("override", ["model.embedding_dim=null", "cell=gru", "data.val_fraction=0.2", "seed=7"])
def test_an_option_that_a_resumed_run_has_already_may_be_given_again(saved: RunFolder, override: str) -> None:
    overrides = ["resume=here", override]
    resumed = config_to_resume(saved, compose(overrides), overrides)
    assert dict(flat(resumed)) == dict(flat(saved.read_config()))
    for other in ("model.embedding_dim=8", "cell=lstm", "seed=8"):
        with pytest.raises(UserError, match="cannot change when a run is resumed"):
            config_to_resume(saved, compose(["resume=here", other]), ["resume=here", other])


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
def test_a_resume_changes_what_it_is_asked_to_and_nothing_else(saved: RunFolder, override: str, value: object) -> None:
    name = override.split("=")[0]
    overrides = quote_free_text(["resume=here", override])
    before = dict(flat(config_to_resume(saved, compose(["resume=here"]), ["resume=here"])))
    after = dict(flat(config_to_resume(saved, compose(["resume=here", override]), overrides)))
    assert after[name] == value
    assert {key for key in after if after[key] != before[key]} == {name}


def flat(config: Config) -> Iterator[tuple[str, object]]:
    for name, _ in options(Config):
        value: object = config
        for part in name.split("."):
            value = getattr(value, part)
        yield name, value


@pytest.mark.parametrize("override", ["cell=lstm", "model.hidden_size=9", "seed=2", "++seed=2", "data.batch_size=2"])
def test_a_resume_refuses_other_overrides_and_lists_what_it_accepts(saved: RunFolder, override: str) -> None:
    name = override.split("=")[0].lstrip("+")
    with pytest.raises(UserError) as raised:
        config_to_resume(saved, compose(["resume=here", override]), ["resume=here", override])
    message = str(raised.value)
    assert message.startswith(f"{name} cannot change")
    for accepted in ("trainer.max_epochs", "trainer.max_steps", "trainer.max_time", *RESUME_OVERRIDES):
        assert accepted in message


def test_a_resume_checks_the_limits_of_its_overrides(saved: RunFolder) -> None:
    override = "trainer.max_epochs=0"
    with pytest.raises(UserError, match=r"trainer\.max_epochs=0 is not allowed"):
        config_to_resume(saved, compose([override]), [override])


@pytest.mark.parametrize("content", ["cell: [", "cell: 3", "model: {hidden_size: many}", "colour: red", "- a list"])
def test_a_damaged_configuration_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match=r"config\.yaml cannot be read"):
        config_to_resume(RunFolder(tmp_path), DEFAULT, [])


@pytest.mark.parametrize("content", ["", "seed: 3\n"])
def test_an_incomplete_configuration_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match="missing"):
        config_to_resume(RunFolder(tmp_path), DEFAULT, [])


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("trainer.accumulate_grad_batches=2.5", "it must be a whole number, at least 1"),
        ("trainer.limit_train_batches=null", "it must be a whole number or a number, above 0"),
        ("model.hidden_size=abc", "it must be a whole number, at least 1"),
        ("model.dropout=high", "it must be a number, at least 0"),
        ("model.hidden_size=1.5", "it must be a whole number"),
        ("model.bidirectional=maybe", "it must be true or false"),
        ("data.carry_state=maybe", "it must be true or false or null"),
        ("seed=null", "it must be a whole number"),
        ("optimizer.betas=3", "it must be a list, each of its values a number or null"),
    ],
)
def test_a_value_of_the_wrong_type_is_named_with_what_is_allowed(override: str, words: str) -> None:
    with pytest.raises(UserError) as raised:
        compose([override])
    assert str(raised.value).startswith(f"{override} is not allowed: ")
    assert words in str(raised.value)
