"""The models in docs/models: each loads and writes, and scores Spanish as its card says it should."""

import json
import re
from pathlib import Path

import pytest
import yaml

import charcells
from charcells.runs.export_folder import ExportFolder

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "docs" / "models"
CELLS = ("rnn", "gru", "lstm")


@pytest.mark.parametrize("cell", CELLS)
def test_a_model_loads_and_writes_the_sample_of_its_card(cell: str) -> None:
    writer = charcells.load(MODELS / cell)
    assert writer.model.cell == cell
    text = writer.generate(length=300, temperature=0.8, seed=1)
    card = ExportFolder(MODELS / cell).card.read_text(encoding="utf-8")
    # only the beginning: another processor may round otherwise, and one other character changes all that follow
    assert "".join(f"    {line}\n" for line in text[:40].splitlines()).rstrip("\n") in card


@pytest.mark.parametrize("cell", CELLS)
def test_a_model_knows_spanish_from_nonsense(cell: str) -> None:
    writer = charcells.load(MODELS / cell)
    spanish = "y con esto se fue el hidalgo por el camino de la venta, donde le esperaba su amigo"
    assert writer.score(spanish).bpc < 3 < writer.score("".join(sorted(spanish, reverse=True))).bpc


@pytest.mark.parametrize("cell", CELLS)
def test_a_card_agrees_with_the_configuration_beside_it(cell: str) -> None:
    folder = ExportFolder(MODELS / cell)
    facts, card = json.loads(folder.config.read_text(encoding="utf-8"))["facts"], folder.card.read_text("utf-8")
    head = yaml.safe_load(card.split("---\n")[1])
    assert head["language"] == "es" and "Project Gutenberg licence" in card
    assert f"| this model | {facts['figures']['val/bpc']:.3f} | {facts['figures']['test/bpc']:.3f} |" in card
    assert facts["figures"]["ngram/test/bpc"] > 1
    assert re.search(r"charcells train .*corpus=quijote", card)


def test_the_models_stay_small() -> None:
    assert sum(path.stat().st_size for path in MODELS.rglob("*") if path.is_file()) < 4_000_000
