"""Properties of the pictures: labels that overlap nothing, curves wherever there are any, a cell's own colour."""

import itertools
import json
import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from charcells.registry import CELLS
from charcells.runs import pictures
from charcells.runs.colours import colours_of, scale
from charcells.runs.folder import RunFolder
from charcells.runs.labels import _apart


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are written, as they were when they were written."""
    figures, save = [], Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *args, **options: (figures.append(self), save(self, *args, **options))
    )
    return figures


def boxes(figure):
    """Where the labels of a figure stand, in pixels, by their texts."""
    figure.draw_without_rendering()
    return [(note.get_text(), Text.get_window_extent(note)) for note in figure.findobj(Annotation)]


def assert_apart(labels):
    for (one, box), (other, beside) in itertools.combinations(labels, 2):
        assert not box.overlaps(beside), f"{one} and {other} overlap"


def run_folder(place, cell, rows, **columns):
    """A run folder with metrics.csv and what else a picture needs of a run."""
    place.mkdir(parents=True)
    pd.DataFrame(rows).assign(**columns).to_csv(place / "metrics.csv", index=False)
    (place / "summary.json").write_text(json.dumps({"cell": cell}))
    return RunFolder(place)


def rows(steps, validations, level=3.0):
    """metrics.csv of a run: a training loss at each step, and validations at the last of them."""
    table = pd.DataFrame({"chars_seen": [100 * (step + 1) for step in range(steps)]})
    table["train/loss"] = [level - 0.1 * step for step in range(steps)]
    table["val/loss"] = [math.nan] * (steps - validations) + [level - 0.01 * each for each in range(validations)]
    table["val/bpc"] = table["val/loss"] / math.log(2)
    return table


def draw_sweep(folder, levels, metrics, compared="cell", facet=""):
    """runs.png of a sweep with a run for each level."""
    runs = []
    for level in levels:
        run = run_folder(folder / level, level, metrics(level))
        runs.append({"path": run.path, "level": level, "facet": facet, "test/bpc": 2.0 + len(runs)})
    table = pd.DataFrame(runs)
    groups = table.assign(**{"test/bpc ±": math.nan, "runs": 1})
    pictures.sweep(table, groups, folder / "runs.png", metric="test/bpc", compared=compared, title="sweep")


def lines_of(figure):
    return [line for line in figure.findobj(pictures.Line2D) if len(line.get_xdata()) and line.get_clip_on() is False]


@pytest.mark.parametrize("seed", range(4))
def test_labels_of_a_grid_overlap_neither_each_other_nor_a_point(drawn, tmp_path, seed):
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        itertools.product([0.2, 0.4, 0.6, 0.8, 1.0, 1.2], [pd.NA, 20, 5]), columns=["temperature", "top_k"]
    )
    table = table.astype({"top_k": "Int64"}).sort_values("top_k", kind="stable")
    table["distinct_words_2"] = np.minimum(
        1, table["temperature"] + random.normal(0, 0.01, len(table))
    )  # many meet at 1
    table["unknown_words"] = np.minimum(0.8, table["temperature"] / 1.2) + random.normal(0, 0.002, len(table))
    pictures.grid(table, (0.9, 0.1), tmp_path / "grid.png", "text")
    labels = boxes(drawn[0])
    assert_apart(labels)
    assert len(labels) == len(table) + 1 and "held-out human text" in {text for text, _ in labels}
    assert {text.partition(", ")[2] for text, _ in labels} == {"", "all characters", "top_k=20", "top_k=5"}
    (axes,) = drawn[0].axes
    points = axes.transData.transform(table[["distinct_words_2", "unknown_words"]].to_numpy())
    assert not any(box.contains(*point) for _, box in labels for point in points)


def test_labels_at_the_ends_of_lines_do_not_overlap_and_keep_their_order(drawn, tmp_path):
    draw_sweep(tmp_path, ["gru", "lstm", "rnn"], lambda cell: rows(9, 3, 3.0 if cell == "gru" else 3.001))
    labels = boxes(drawn[0])
    assert {text for text, _ in labels} == {"gru", "lstm", "rnn"}
    assert_apart(labels)
    pictures.loss_curve(run_folder(tmp_path / "run", "gru", rows(20, 20)), "text: gru 1×8")
    assert_apart(boxes(drawn[1]))


@pytest.mark.parametrize("wanted", [[1.0, 50.0, 90.0], [10.0, 10.0, 10.0], [0.0, 9.0, 10.0, 11.0, 40.0, 41.0]])
def test_labels_are_moved_no_farther_than_they_must(wanted):
    placed = _apart(wanted, [10.0] * len(wanted))
    assert all(above - below >= 10 - 1e-9 for below, above in itertools.pairwise(placed))
    assert np.mean(placed) == pytest.approx(np.mean(wanted))
    if all(above - below >= 10 for below, above in itertools.pairwise(wanted)):
        assert placed == wanted


@pytest.mark.parametrize(("validations", "part"), [(1, "training"), (3, "validation")])
def test_a_sweep_of_one_length_shows_curves(drawn, tmp_path, validations, part):
    draw_sweep(tmp_path, ["gru", "rnn"], lambda cell: rows(9, validations))
    curves = lines_of(drawn[0])
    assert len(curves) == 2 and all(len(set(curve.get_xdata())) > 1 for curve in curves)
    assert f"{part}: bits per character" in {text.get_text() for text in drawn[0].findobj(Text)}
    assert curves[0].get_ydata()[0] == pytest.approx(3 / math.log(2))  # nats have become bits


def test_without_curves_there_is_no_empty_panel_for_them(drawn, tmp_path):
    draw_sweep(tmp_path, ["gru", "rnn"], lambda cell: rows(1, 1))
    assert len(drawn[0].axes) == 1


def test_a_cell_has_its_colour_in_every_picture(drawn, tmp_path):
    draw_sweep(tmp_path, ["gru", "rnn"], lambda cell: rows(9, 3))
    assert [to_hex(line.get_color()).upper() for line in lines_of(drawn[0])] == [
        CELLS["gru"].colour,
        CELLS["rnn"].colour,
    ]
    pictures.loss_curve(run_folder(tmp_path / "run", "rnn", rows(9, 3)), "text: rnn 1×8")
    colours = {to_hex(line.get_color()).upper() for line in lines_of(drawn[1])}
    assert CELLS["rnn"].colour in colours and CELLS["gru"].colour not in colours


def test_nothing_but_a_cell_has_the_colour_of_one():
    cells = {CELLS[name].colour for name in ("rnn", "gru", "lstm")}
    for levels in (
        ["1", "2"],
        ["0.001", "0.01", "0.1"],
        ["quijote", "biblia"],
        ["true", "false"],
        [str(i) for i in range(9)],
    ):
        colours = colours_of(levels)
        assert list(colours) == levels and len(set(colours.values())) == len(levels)
        assert not cells & {colour.upper() for colour in colours.values()}


def test_a_scale_darkens_in_even_steps_so_that_nobody_needs_the_hue():
    def lightness(colour):
        linear = [((int(colour[i : i + 2], 16) / 255 + 0.055) / 1.055) ** 2.4 for i in (1, 3, 5)]
        return np.cbrt(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])

    steps = np.diff([lightness(colour) for colour in scale(6)])
    assert (steps > 0.03).all() and steps.max() < 3 * steps.min()


def test_a_run_that_validated_once_has_a_picture_with_its_best_loss(drawn, tmp_path):
    pictures.loss_curve(run_folder(tmp_path / "run", "lstm", rows(1, 1)), "text: lstm 1×8")
    shown = " ".join(text for text, _ in boxes(drawn[0]))
    assert f"at best {3 / math.log(2):.3f}" in shown and drawn[0].axes[0].get_xlim() == (0, 100)
