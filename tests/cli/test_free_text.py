"""Lists of free text, and accents: each is taken as typed."""

import os
from pathlib import Path

import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser

from charcells.checks import check, from_values
from charcells.cli.compose import compose, quote_free_text
from charcells.config import CorpusConfig
from charcells.errors import UserError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


LISTS = [
    ("[luz,água]", ["luz", "água"]),
    ("[luz, água]", ["luz", "água"]),
    ("[The]", ["The"]),
    ("['luz, mais luz',\"água\"]", ["luz, mais luz", "água"]),
    (r"[luz\, mais luz,água]", ["luz, mais luz", "água"]),
    ("[don't,it's]", ["don't", "it's"]),
    ("[Obras [v2].txt,b.txt]", ["Obras [v2].txt", "b.txt"]),
    ("[a=b,{c},(d),x: y]", ["a=b", "{c}", "(d)", "x: y"]),
    ("[${seed},$x]", ["${seed}", "$x"]),
    ("[1,null,true]", ["1", "null", "true"]),
    (r"[C:\new\table,'it\'s']", [r"C:\new\table", "it's"]),
    ("[日本,Бабушка,🦊]", ["日本", "Бабушка", "🦊"]),
]


@pytest.mark.parametrize(("typed", "values"), LISTS)
@pytest.mark.parametrize("name", ["samples.prompts", "corpus.path", "corpus.val_path", "corpus.test_path"])
def test_a_list_of_texts_needs_no_quotes(name: str, typed: str, values: list[str]) -> None:
    config = compose([f"{name}={typed}"])
    group, _, key = name.partition(".")
    assert getattr(getattr(config, group), key) == values


@pytest.mark.parametrize("typed", ["[1:1] In the beginning [of all]", "[a] and [b]", "[a", "a]", "a [b,c]", "[[a]"])
def test_brackets_that_are_part_of_a_text_make_no_list(typed: str) -> None:
    assert compose([f"corpus.path={typed}"]).corpus.path == typed
    assert compose([f"samples.prompts={typed}"]).samples.prompts == [typed]


def test_a_file_of_the_name_of_a_list_is_that_file() -> None:
    Path("[draft]").touch()
    assert compose(["corpus.path=[draft]"]).corpus.path == "[draft]"
    os.remove("[draft]")
    assert compose(["corpus.path=[draft]"]).corpus.path == ["draft"]


def swept(*arguments: str) -> list[str | list[str]]:
    """The values of corpus.path in the jobs of a sweep."""
    overrides = [argument for argument in quote_free_text(["-m", *arguments]) if argument != "-m"]
    parsed = OverridesParser.create().parse_overrides(overrides)
    jobs = [job for batch in BasicSweeper.split_arguments(parsed, None) for job in batch]
    return [compose(_as_typed(job)).corpus.path for job in jobs]


def _as_typed(job: list[str]) -> list[str]:
    """Undo the quotes of Hydra's sweeper, which `compose` adds again."""
    values = [OverridesParser.create().parse_override(override) for override in job]
    typed = []
    for override in values:
        value = override.value()
        items = [str(item).replace(r"\$", "$") for item in value] if isinstance(value, list) else str(value)
        typed.append(f"{override.key_or_group}={'[' + ','.join(items) + ']' if isinstance(items, list) else items}")
    return typed


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("Obras [v2].txt,Obras [v3].txt", ["Obras [v2].txt", "Obras [v3].txt"]),
        ("[a.txt,b.txt],[c.txt]", [["a.txt", "b.txt"], ["c.txt"]]),
        ("[á.txt,b.txt],c.txt", [["á.txt", "b.txt"], "c.txt"]),
        ("a.txt,[b [1].txt,c.txt]", ["a.txt", ["b [1].txt", "c.txt"]]),
        ("[unclosed,b", ["[unclosed", "b"]),
        ("don't,b", ["don't", "b"]),
    ],
)
def test_under_multirun_a_comma_inside_a_list_does_not_separate_values(
    typed: str, values: list[str | list[str]]
) -> None:
    assert swept(f"corpus.path={typed}") == values


@pytest.mark.parametrize(
    ("override", "group", "key", "value"),
    [
        ("logger.project=Projeção 2", "logger", "project", "Projeção 2"),
        ("+corpus.title=Bíblia: edição de bolso", "corpus", "title", "Bíblia: edição de bolso"),
        ("corpus.attribution=日本語", "corpus", "attribution", "日本語"),
        ("corpus.attribution='já citado'", "corpus", "attribution", "já citado"),
    ],
)
def test_accents_need_no_quotes_in_any_other_option(override: str, group: str, key: str, value: str) -> None:
    config = compose([override.replace("+corpus", "corpus")])
    assert getattr(getattr(config, group), key) == value


def test_a_choice_and_a_search_path_may_have_accents() -> None:
    folder = Path("configurações", "corpus")
    folder.mkdir(parents=True)
    (folder / "orações.yaml").write_text("name: orações\npath: [a.txt, água.txt]\n", encoding="utf-8")
    config = compose([f"hydra.searchpath=[file://{folder.parent.absolute()}]", "corpus=orações"])
    assert (config.corpus.name, config.corpus.path) == ("orações", ["a.txt", "água.txt"])


def test_under_multirun_accents_are_swept() -> None:
    assert quote_free_text(["-m", "logger.project=á,b"]) == ["-m", "logger.project='á',b"]


@pytest.mark.parametrize("value", [3, ["a", 3], {"a": "b"}])
def test_a_path_that_is_neither_text_nor_a_list_of_texts_is_refused(value: object) -> None:
    with pytest.raises(UserError, match=r"path=.* must be text"):
        from_values(CorpusConfig, {"name": "file", "path": value})
    config = compose()
    config.corpus.path = value
    with pytest.raises(UserError, match=r"corpus\.path=.* must be text"):
        check(config)
