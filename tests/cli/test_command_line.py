"""The command that a model card shows trains the run it stands beside."""

import shlex

import pytest

from charcells.cli.command_line import command_line
from charcells.cli.compose import compose


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["cell=gru", "corpus=quijote", "model.num_layers=2", "model.embedding_dim=null", "seed=3"],
        ["optimizer=sgd", "optimizer.lr=0.25", "scheduler=plateau", "data.reset_state=never"],
        ["samples.prompts=['a, b','[c]','¿d?']", "trainer.deterministic=true", "trainer.gradient_clip_val=null"],
        ["experiment=keras_book", "corpus=kjv"],
        ["experiment=film_reviews", "reviews.max_length=100"],
    ],
)
def test_the_command_composes_the_same_configuration(overrides: list[str]) -> None:
    config = compose(overrides)
    written = command_line(config)
    assert written is not None
    program, name, *words = shlex.split(written)
    assert (program, name) == ("charcells", "train")
    assert compose(words) == config
    assert len(words) >= len([each for each in overrides if not each.startswith("experiment")])


def test_what_is_usual_is_left_out_and_paths_are_shortened() -> None:
    assert command_line(compose(["corpus=pydoc", "cell=lstm"])) == "charcells train"
    own = compose(["corpus=file", "corpus.path=/home/me/texts/my book.txt", "init_from=/home/me/runs/first"])
    expected = "charcells train corpus=file 'corpus.path=my book.txt' init_from=first"
    assert command_line(own) == expected


def test_a_corpus_of_ones_own_configuration_is_shown_as_its_file() -> None:
    config = compose(["corpus=file", "corpus.path=mine.txt"])
    config.corpus.name = "mine"
    assert command_line(config) == "charcells train corpus=file corpus.path=mine.txt"
    config.corpus.path = None
    assert command_line(config) is None
