"""The independent recomputation of verdicts: right by scipy, and it notices a figure that has been changed."""

import ast
import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments import audit

RANDOM = np.random.default_rng(1)


def test_it_imports_nothing_of_the_project():
    tree = ast.parse(Path(audit.__file__).read_text(encoding="utf-8"))
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert not [module for module in modules if module.startswith(("charcells", "experiments"))]


def test_intervals_are_those_of_scipy():
    a, b = RANDOM.normal(1, 2, 9), RANDOM.normal(0, 1, 6)
    interval = stats.ttest_1samp(a, 0).confidence_interval()
    assert audit.one_sample("?", pd.Series(a))[1:] == pytest.approx((a.mean(), interval.low, interval.high))
    interval = stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert audit.two_samples("?", a, b)[1:] == pytest.approx((a.mean() - b.mean(), interval.low, interval.high))


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A CSV in which a GRU is worse than an LSTM by 0.1, 0.2 and 0.3 under three recipes, and its finding."""
    rows = []
    for width, corpus, cell, seed in itertools.product((1, 2, 3), ("a", "b"), ("gru", "lstm"), (11, 12, 101)):
        bits = 2 + (corpus == "b") + 0.1 * width * (cell == "gru") + (5 if seed == 101 else 0.01 * (seed - 11))
        recipe = {"model.init": "torch", "optimizer": "adam", "scheduler": "constant", "trainer.max_epochs": 1}
        sizes = {"model.hidden_size": width, "data.batch_size": 4}
        rows.append({**recipe, **sizes, "corpus": corpus, "cell": cell, "seed": seed, "test/bpc": bits})
    pd.DataFrame(rows).to_csv(tmp_path / "gru_cost.csv", index=False)
    reach = 4.30265 * 0.1 / 3**0.5  # Student's t with 2 degrees of freedom
    verdict = {"question": "GRU − LSTM", "estimate": 0.2, "low": 0.2 - reach, "high": 0.2 + reach}
    (tmp_path / "gru_cost.json").write_text(json.dumps({"verdicts": [verdict]}))
    monkeypatch.setattr(audit, "RESULTS", tmp_path)
    return tmp_path


def test_the_effect_over_recipes_is_counted_by_hand(results):
    [line] = audit.differences("gru_cost")
    assert line == "gru_cost: GRU − LSTM: +0.2000 (95 % interval -0.0484 to +0.4484), as written"


@pytest.mark.parametrize("key", ["estimate", "low", "high"])
def test_a_figure_that_differs_in_its_third_digit_is_noticed(results, key, capsys):
    audit.main([])
    found = json.loads((results / "gru_cost.json").read_text())
    found["verdicts"][0][key] *= 1.002
    (results / "gru_cost.json").write_text(json.dumps(found))
    with pytest.raises(SystemExit):
        audit.main([])
    assert "DIFFERS" in capsys.readouterr().out
