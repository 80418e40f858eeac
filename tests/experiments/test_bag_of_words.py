"""The claim `bag_of_words`: the network that validation reviews choose, beside counted words that read the same."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.claims import bag_of_words
from experiments.claims.bag_of_words import against, best_networks
from experiments.study.findings import REFUTED, SUPPORTED
from experiments.study.runs import SCALES, cross

REVIEWS = 3000


@pytest.mark.parametrize(("network", "verdict"), [(0.75, REFUTED), (0.85, SUPPORTED)])
def test_the_verdict_follows_the_networks_and_validation_chooses_the_best(monkeypatch, network, verdict):
    """Networks that find a share of the labels at random, and counted words that find 0.8."""
    random = np.random.default_rng(0)
    runs = cross("x", SCALES["laptop"], (11, 12), corpus="sst2", model__hidden_size=tuple(range(8)))
    found = {run.label: random.random(REVIEWS) < network for run in runs}
    counted = {"sst2": random.random(REVIEWS) < 0.8}
    monkeypatch.setattr(bag_of_words, "right", lambda run: found[run.label])
    monkeypatch.setattr(bag_of_words, "share_right", lambda some: np.mean([found[run.label] for run in some], axis=0))
    frame = pd.DataFrame(
        {
            "corpus": "sst2",
            "arm": "one direction",
            "recipe": [str(run.overrides["model.hidden_size"]) for run in runs],
            "val/accuracy": random.random(len(runs)),
            "run": runs,
        }
    )
    frame["over words"] = [found[run.label].mean() - counted["sst2"].mean() for run in runs]
    judged, effects = against(frame, "one direction", counted)
    assert judged.verdict == verdict and len(effects) == 8
    assert judged.estimate == pytest.approx(network - 0.8, abs=0.02)

    [best] = best_networks(frame, counted).to_dict("records")
    chosen = found[frame.loc[frame["val/accuracy"].idxmax(), "run"].label]
    assert best["network"] == chosen.mean()
    only = [int((chosen & ~counted["sst2"]).sum()), int((counted["sst2"] & ~chosen).sum())]
    assert [best["only the network right"], best["only counted words right"]] == only
    assert best["McNemar's p"] == pytest.approx(stats.binomtest(only[0], sum(only)).pvalue)
