"""How well the state of a character model, trained without labels, tells two kinds of reviews apart.

Usage
  charcells train corpus=rt_polarity                     a character model of the training reviews, without their labels
  charcells probe run=RUN_FOLDER corpus=rt_polarity      what its state after a review knows of the label
  charcells probe run=RUN_FOLDER corpus=file corpus.path=mine.tsv

The model reads each review character by character from a state of zeros. Logistic regression learns the label from all
units of the state after the last character, and from the best unit alone. Of an LSTM that state is the tanh of the cell
state, as in Radford et al., 'Learning to Generate Reviews and Discovering Sentiment' (2017). Needs scikit-learn.

Options (name=value), each with its default
"""

import sys
from collections.abc import Sequence

from charcells.cli.compose import command_options
from charcells.config import OWN, DataConfig, ProbeConfig, ReviewsConfig
from charcells.errors import UserError, ignore_closed_pipe
from charcells.process import prepare_process
from charcells.runs.folder import checkpoint_file, named_run
from charcells.text.review_baseline import installed, load_or_measure
from charcells.text.review_sets import REVIEW_SETS
from charcells.text.reviews import load_reviews

PARTS = ("val", "test")
"""The parts of the reviews on which accuracy is shown."""


def main(arguments: Sequence[str]) -> None:
    """`charcells probe` with these arguments. Raises UserError."""
    # asked before composing: the choices of other corpora set options of a run, which a probe does not have
    corpus = dict(argument.partition("=")[::2] for argument in arguments).get("corpus", "sst2")
    if corpus not in (OWN, *REVIEW_SETS):
        raise UserError(f"corpus={corpus} has no labels to learn: choose one of {', '.join((OWN, *REVIEW_SETS))}")
    corpus_help = f"  {'corpus':<26} {'sst2':<11} labelled texts: sst2, rt_polarity, muchocine, imdb, or file\n"
    probe(command_options("probe", arguments, f"{__doc__}{corpus_help}"))


def probe(config: ProbeConfig) -> None:
    """Read the reviews, fit both probes and print a table of their accuracy."""
    if not installed():
        raise UserError("charcells probe needs scikit-learn: pip install scikit-learn")
    prepare_process(threads=1)
    from tqdm import tqdm

    from charcells.models.checkpoint import read_checkpoint
    from charcells.models.probe import best_unit, features, fit, only
    from charcells.text.vocabulary import Vocabulary

    checkpoint = read_checkpoint(checkpoint_file(named_run(config.run)))
    # the default split: a character model trained with corpus=NAME has not read its validation and test reviews
    split = load_reviews(config.corpus, ReviewsConfig(), DataConfig(), config.corpora_dir)
    model = checkpoint.model()
    vocabulary = Vocabulary(checkpoint.description.characters)
    reviews = len(split.trained_on) + len(split.val) + len(split.test)
    form = "{desc} {bar} {n_fmt}/{total_fmt}"  # no time: the longest reviews come last
    with tqdm(total=reviews, desc="reading reviews", bar_format=form, disable=not sys.stderr.isatty()) as bar:
        states = features(model, vocabulary, split, progress=bar.update)
    unit = best_unit(states)
    layer, number = divmod(unit, model.hidden_size)
    every, single = fit(states), fit(only(states, unit))
    counted = load_or_measure(split)
    rows = [
        (f"all {model.num_layers * model.hidden_size} units, C={every.strength:g}", *map(every.accuracy, PARTS)),
        (f"unit {number} of layer {layer} alone", *map(single.accuracy, PARTS)),
        ("words counted: tf-idf and logistic regression", *(counted[f"{part}/accuracy"] for part in PARTS)),
    ]
    with ignore_closed_pipe():
        sizes = f"{len(split.val):,} validation and {len(split.test):,} test reviews of {split.name}"
        print(f"{model.cell} trained on {checkpoint.description.corpus}; accuracy on {sizes}")
        print(f"{'':<46}  {'val':>6}  {'test':>6}")
        for name, val, test in rows:
            print(f"{name:<46}  {val:>6.1%}  {test:>6.1%}")
