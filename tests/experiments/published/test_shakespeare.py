"""What stands beside our losses on Tiny Shakespeare is measured as it says."""

from dataclasses import asdict

import pytest
import torch

from charcells.data.module import CharDataModule
from charcells.runs.folder import RunFolder
from charcells.training.train import train
from experiments.published import shakespeare
from experiments.published.shakespeare import Transformer, curve, matched_loss

TEXT = "".join(chr(97 + (i * i * 7 + i // 3) % 23) for i in range(1000))


def test_the_matched_loss_gives_each_character_what_stands_before_it_in_its_window(small, tmp_path, monkeypatch):
    monkeypatch.setattr(shakespeare, "CONTEXT", 16)
    config = small(TEXT, "data.val_fraction=0.3", "data.test_fraction=0.0")
    train(config, tmp_path / "run")
    data = CharDataModule(config.corpus, config.corpora_dir, config.seed, **asdict(config.data))
    data.setup()
    model = shakespeare.load(tmp_path / "run").model
    tokens, nats = data.tokens[data.text.split.train_end :].long(), []
    for position in range(1, (len(tokens) - 1) // 16 * 16 + 1):
        before = tokens[(position - 1) // 16 * 16 : position]
        assert 1 <= len(before) <= 16
        with torch.inference_mode():
            logits, _ = model(before[None])
        nats.append(-logits[0, -1].log_softmax(-1)[tokens[position]].item())
    assert matched_loss(RunFolder(tmp_path / "run"), data) == pytest.approx(sum(nats) / len(nats), rel=1e-5)


def test_the_transformer_sees_no_character_ahead_and_has_the_size_of_the_recipe():
    model = Transformer(65)
    tokens = torch.randint(65, (2, 64))
    changed = tokens.clone()
    changed[:, 40:] = (changed[:, 40:] + 1) % 65
    one, other = model(tokens), model(changed)
    torch.testing.assert_close(one[:, :40], other[:, :40])
    assert not torch.allclose(one[:, 40:], other[:, 40:])
    weights = sum(p.numel() for p in model.parameters()) - model.positions.weight.numel()
    assert weights == pytest.approx(0.80e6, rel=0.01)


def test_the_curve_counts_the_seconds_of_training(small, tmp_path):
    config = small(TEXT, "trainer.max_epochs=3")
    summary = train(config, tmp_path / "run")
    found = curve(RunFolder(tmp_path / "run"))
    assert len(found) == 3
    assert found["seconds"].iloc[-1] == pytest.approx(summary["train_seconds"])
    assert found["seconds"].is_monotonic_increasing
    assert found["val/loss"].min() == pytest.approx(summary["val/loss"])


def test_an_option_that_there_is_not_is_refused_before_anything_is_trained(monkeypatch):
    monkeypatch.setattr("sys.argv", ["shakespeare", "seed=3"])
    with pytest.raises(SystemExit, match="seed=3: there are no options"):
        shakespeare.main()
