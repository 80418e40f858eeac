"""charcells export: what is read back writes the same text, and the card says what the run says."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

import charcells
from charcells.cli.export import main
from charcells.config import Config
from charcells.errors import UserError
from charcells.exporting.card import plain
from charcells.exporting.step import Step
from charcells.exporting.write import choose
from charcells.models.char_rnn import CharRNN
from charcells.models.text_classifier import load_classifier
from charcells.runs.export_folder import ExportFolder
from charcells.runs.folder import RunFolder
from charcells.training.train import train
from charcells.writing import draw

ROOT = Path(__file__).parents[2]
TEXT = "a cab, a bed\nand a bag; é\n" * 60
Small = Callable[..., Config]


@pytest.fixture
def run(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RunFolder]:
    """Trains a small run: `run("cell=gru")`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def make(*overrides: str) -> RunFolder:
        folder = RunFolder(tmp_path / "run")
        train(small(TEXT, *overrides), folder.path)
        return folder

    return make


def export(run: RunFolder | Path | str, to: Path, kind: str = "safetensors") -> ExportFolder:
    main([f"run={run}", f"to={to}", f"format={kind}"])
    return ExportFolder(to)


def needs_onnx() -> None:
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package, reason=f"{package} is not installed: pip install -e '.[export]'")


def untrained(cell: str, layers: int, embedding: int | None) -> CharRNN:
    """A model in which every size is another, and no bias is zero."""
    torch.manual_seed(3)
    model = CharRNN(11, cell, embedding, 7, layers).eval()
    for name, weights in model.named_parameters():
        if "bias" in name:
            torch.nn.init.normal_(weights)
    return model


MODELS = [(cell, layers, size) for cell in ("rnn", "gru", "lstm") for layers in (1, 2) for size in (None, 5)]
QUICK = [("gru", 2, None), ("lstm", 1, 5)]
some_are_slow = [pytest.param(*each, marks=[] if each in QUICK else pytest.mark.slow) for each in MODELS]


def steps_of(model: CharRNN, texts: int = 3, steps: int = 30) -> list[tuple[np.ndarray, np.ndarray]]:
    """Random tokens (B,), each with the logits (B, V) that the model gives after them, read in one go."""
    tokens = torch.randint(0, model.vocab_size, (texts, steps), generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        logits, _ = model(tokens)
    return [(tokens[:, t].numpy(), logits[:, t].numpy()) for t in range(steps)]


# safetensors


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "jordan"])
def test_a_folder_read_back_writes_and_scores_the_same(run: Any, tmp_path: Path, cell: str) -> None:
    trained = run(f"cell={cell}", "model.num_layers=2")
    folder = export(trained, tmp_path / "out")
    assert sorted(path.name for path in folder.path.iterdir()) == [
        *("README.md", "config.json", "model.safetensors", "vocabulary.json")
    ]
    one, other = charcells.load(trained.path), charcells.load(folder.path)
    assert one.generate("a b", length=300, seed=4) == other.generate("a b", length=300, seed=4)
    assert one.score(TEXT[:100]).bpc == pytest.approx(other.score(TEXT[:100]).bpc, abs=1e-6)
    assert other.vocabulary.characters == "".join(sorted(set(TEXT)))
    assert charcells.load(folder.weights).generate(length=9) == one.generate(length=9)


def test_no_pickle_is_in_the_folder(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = export(run(), tmp_path / "out")
    monkeypatch.setattr("torch.load", lambda *_, **__: pytest.fail("torch.load was called"))
    assert len(charcells.load(folder.path).generate(length=5)) > 5


def test_an_exported_model_can_be_exported_again_with_its_facts(run: Any, tmp_path: Path) -> None:
    one = export(run(), tmp_path / "one")
    two = export(one.path, tmp_path / "two")
    for name in ("README.md", "config.json", "model.safetensors", "vocabulary.json"):
        assert (one.path / name).read_bytes() == (two.path / name).read_bytes()


def test_a_new_run_can_start_from_an_exported_model(run: Any, small: Small, tmp_path: Path) -> None:
    trained = run()
    folder = export(trained, tmp_path / "out")
    for name, source in (("a", trained.path), ("b", folder.path)):
        train(small(TEXT, f"init_from={source}", "trainer.max_steps=2"), tmp_path / name)
    losses = [RunFolder(tmp_path / name).read_summary()["train/loss"] for name in "ab"]
    assert losses[0] == losses[1]


def damage_sizes(folder: ExportFolder) -> None:
    config = json.loads(folder.config.read_text())
    config["model"]["hidden_size"] = 1_000_000
    folder.config.write_text(json.dumps(config))


def damage_vocabulary(folder: ExportFolder) -> None:
    folder.vocabulary.write_text(json.dumps(["a", "a"]))


def damage_units(folder: ExportFolder) -> None:
    folder.vocabulary.write_text(json.dumps(["ab", "c"]))


def damage_weights(folder: ExportFolder) -> None:
    folder.weights.write_bytes(folder.weights.read_bytes()[:-100])


def damage_config(folder: ExportFolder) -> None:
    folder.config.write_text('{"model_type": "another library"}')


def remove_config(folder: ExportFolder) -> None:
    folder.config.unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_sizes, "has a model that cannot be built"),
        (damage_vocabulary, "contains a character twice"),
        (damage_units, "something that is not one character"),
        (damage_weights, "is damaged or not a charcells checkpoint"),
        (damage_config, "is not of a model that charcells has exported"),
        (remove_config, "is damaged or not a charcells checkpoint: .*No such file"),
    ],
)
def test_a_damaged_folder_is_refused(run: Any, tmp_path: Path, damage: Any, message: str) -> None:
    folder = export(run(), tmp_path / "out")
    damage(folder)
    with pytest.raises(UserError, match=message):
        charcells.load(folder.path)


# one step, as ONNX and TorchScript


@pytest.mark.parametrize(("cell", "layers", "embedding"), MODELS)
def test_the_step_is_the_model(cell: str, layers: int, embedding: int | None) -> None:
    model = untrained(cell, layers, embedding)
    step = Step(model)
    state = step.zeros(3)
    for tokens, expected in steps_of(model):
        logits, *state = step(torch.from_numpy(tokens), *state)
        np.testing.assert_allclose(logits.numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(("cell", "layers", "embedding"), some_are_slow)
def test_onnx_runtime_follows_pytorch_step_by_step(
    tmp_path: Path, cell: str, layers: int, embedding: int | None
) -> None:
    needs_onnx()
    import onnxruntime

    from charcells.exporting.onnx_file import write_onnx

    model = untrained(cell, layers, embedding)
    folder = ExportFolder(tmp_path)
    write_onnx(folder, Step(model))
    session = onnxruntime.InferenceSession(str(folder.onnx), providers=["CPUExecutionProvider"])
    names = ["hidden", "cell"] if cell == "lstm" else ["hidden"]
    assert [each.name for each in session.get_inputs()] == ["tokens", *names]
    assert [each.name for each in session.get_outputs()] == ["logits", *(f"next_{name}" for name in names)]
    for texts in (1, 3):
        state = {name: np.zeros((layers, texts, 7), np.float32) for name in names}
        for tokens, expected in steps_of(model, texts):
            logits, *after = session.run(None, {"tokens": tokens, **state})
            np.testing.assert_allclose(logits, expected, atol=1e-5)
            state = dict(zip(names, after, strict=True))


def test_an_export_that_computes_something_else_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_onnx()
    from charcells.exporting import onnx_file

    write_right = onnx_file._without_traces

    def with_other_weights(model: Any) -> Any:
        for tensor in write_right(model).graph.initializer:
            if list(tensor.dims) == [7, 7] or list(tensor.dims) == [21, 7]:
                tensor.raw_data = np.roll(np.frombuffer(tensor.raw_data, np.float32), 1).tobytes()
        return model

    monkeypatch.setattr(onnx_file, "_without_traces", with_other_weights)
    with pytest.raises(UserError, match="differs from PyTorch's"):
        onnx_file.write_onnx(ExportFolder(tmp_path), Step(untrained("gru", 1, 5)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_torchscript_is_read_by_torch_alone(tmp_path: Path, cell: str) -> None:
    from charcells.exporting.torchscript import write_torchscript

    model = untrained(cell, 2, 5)
    folder = ExportFolder(tmp_path)
    write_torchscript(folder, Step(model))
    given = steps_of(model, texts=1)
    program = f"""
import sys, torch, json
step = torch.jit.load({str(folder.torchscript)!r})
state, found = [torch.zeros(2, 1, 7) for _ in range({2 if cell == "lstm" else 1})], []
for tokens in {[tokens.tolist() for tokens, _ in given]}:
    logits, *state = step(torch.tensor(tokens), *state)
    found.append(logits.tolist())
assert "charcells" not in sys.modules
print(json.dumps(found))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.array(json.loads(done.stdout)), np.stack([each for _, each in given]), atol=1e-5)


@pytest.mark.parametrize("kind", ["onnx", "torchscript"])
def test_the_program_in_the_folder_writes_what_sample_writes(run: Any, tmp_path: Path, kind: str) -> None:
    if kind == "onnx":
        needs_onnx()
    trained = run("cell=gru", "model.num_layers=2")
    folder = export(trained, tmp_path / "out", kind)
    generator = charcells.load(trained.path)
    for options in ({"temperature": 0.0}, {"temperature": 1.0, "seed": 7}, {"temperature": 1.5, "top_k": 3}):
        given = [f"--{name}={value}" for name, value in options.items()]
        hidden = ["charcells", "torch" if kind == "onnx" else "onnxruntime"]
        program = f"import runpy, sys; sys.modules.update(dict.fromkeys({hidden})); del sys.argv[0]; "
        program += "runpy.run_path(sys.argv[0], run_name='__main__')"
        command = [sys.executable, "-c", program, str(folder.script), "--prompt=a be\u0301", "--length=400", *given]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        expected: Any = {"seed": 1, **options}
        assert done.stdout == generator.generate("a be\u0301", length=400, **expected) + "\n"
    refused = subprocess.run([sys.executable, str(folder.script), "--prompt=aX"], capture_output=True, text=True)
    assert refused.returncode == 1
    assert refused.stderr == "error: the prompt has characters that are not in the model's vocabulary: 'X'\n"


@pytest.mark.parametrize("kind", ["safetensors", "onnx", "torchscript"])
def test_the_example_in_the_card_runs_in_the_folder(run: Any, tmp_path: Path, kind: str) -> None:
    if kind == "onnx":
        needs_onnx()
    folder = export(run("cell=lstm"), tmp_path / "out", kind)
    _, example, _ = folder.card.read_text(encoding="utf-8").replace("```python\n", "```\n").split("```\n", 2)
    absent = {"safetensors": [], "onnx": ["charcells", "torch"], "torchscript": ["charcells", "onnxruntime"]}[kind]
    hide = f"import sys; sys.modules.update(dict.fromkeys({absent}))\n"  # importing one of them is an ImportError
    command = [sys.executable, "-X", "utf8", "-c", hide + example]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=folder.path)
    assert done.returncode == 0, done.stderr
    assert set(done.stdout) <= set(TEXT) and len(done.stdout) == (302 if kind == "safetensors" else 2)


def test_the_program_draws_as_charcells_draws() -> None:
    random = np.random.default_rng(2)
    for _ in range(300):
        logits = random.normal(size=12).astype(np.float32).round(1)  # some are equal
        temperature, top_k = float(random.choice([0, 0.5, 1, 2])), int(random.integers(1, 14))
        uniform = float(random.random())
        how = draw.Draw([temperature], top_k)
        expected = draw.choose(torch.from_numpy(logits)[None], how, torch.tensor([uniform], dtype=torch.float64))
        assert choose(logits, temperature, top_k, uniform) == int(expected)


@pytest.mark.parametrize("kind", ["safetensors", "onnx", "torchscript"])
def test_nothing_in_the_folder_names_paths_of_this_machine(run: Any, tmp_path: Path, kind: str) -> None:
    if kind == "onnx":
        needs_onnx()
    folder = export(run("cell=rnn"), tmp_path / "out", kind)
    for path in folder.path.iterdir():
        for word in (str(tmp_path), str(ROOT), "src/charcells", "site-packages"):
            assert word.encode() not in path.read_bytes(), path.name


@pytest.mark.parametrize("kind", ["onnx", "torchscript"])
def test_what_charcells_does_not_read_back_says_so(tmp_path: Path, kind: str) -> None:
    folder = ExportFolder(tmp_path)
    model = folder.onnx if kind == "onnx" else folder.torchscript
    model.write_bytes(b"")
    folder.config.write_text("{}")
    for run in (tmp_path, model):
        with pytest.raises(UserError, match=r"exported for other programs, .* export it with format=safetensors"):
            charcells.load(run)


# the card


def head_and_text(folder: ExportFolder) -> tuple[dict[str, Any], str]:
    _, head, text = folder.card.read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(head), text


def test_the_card_says_what_the_run_says(run: Any, tmp_path: Path) -> None:
    named = ["corpus.title='Cabs and beds'", "corpus.licence=CC0-1.0", "corpus.attribution='A. Nobody'"]
    trained = run("cell=gru", "corpus.language=en", *named)
    head, text = head_and_text(export(trained, tmp_path / "out"))
    summary = trained.read_summary()
    (result,) = head["model-index"][0]["results"]
    values = {metric["name"]: metric["value"] for metric in result["metrics"]}
    assert values["bits per character, test"] == pytest.approx(summary["test/bpc"], abs=1e-4)
    assert result["dataset"]["name"] == "Cabs and beds"
    assert (head["language"], head["license"], head["license_name"]) == ("en", "other", "cc0-1.0")
    assert f"| this model | {summary['val/bpc']:.3f} | {summary['test/bpc']:.3f} |" in text
    assert "| licence | CC0-1.0 |\n| attribution | A. Nobody |" in text
    assert summary["corpus_sha256"] in text and f"torch {torch.__version__}" in text
    assert "charcells train cell=gru corpus=file" in text and "corpus.path=text.txt" in text
    written = charcells.load(trained.path).generate(length=300, temperature=0.8, seed=1)
    assert all(f"    {line}" in text for line in written.splitlines())


def test_the_n_gram_model_stands_beside_the_model(run: Any, tmp_path: Path) -> None:
    from charcells.text.baselines import best, load_or_measure
    from charcells.text.corpus import load_split

    trained = run()
    config = trained.read_config()
    row = best(load_or_measure(load_split(config.corpus, config.data)))
    assert row is not None
    _, text = head_and_text(export(trained, tmp_path / "out"))
    beside = f"| n-gram model of order {row['order']} on the same text | {row['val/bpc']:.3f} | {row['test/bpc']:.3f} |"
    assert beside in text


def test_a_text_that_is_gone_leaves_the_n_gram_out(run: Any, tmp_path: Path) -> None:
    trained = run()
    (tmp_path / "text.txt").unlink()
    _, text = head_and_text(export(trained, tmp_path / "out"))
    assert "| n-gram model on the same text | not measured | not measured |" in text


def test_another_checkpoint_does_not_get_the_figures_of_the_best(run: Any, tmp_path: Path) -> None:
    trained = run("trainer.save_every_epoch=true", "trainer.max_epochs=3")
    assert trained.read_summary()["best_step"] > 30
    head, text = head_and_text(export(trained.epoch(1), tmp_path / "out"))
    assert "model-index" not in head and "bits per character |" not in text
    assert "No figures: they are measured at the end of a run, and of its best checkpoint only." in text


def test_a_bare_checkpoint_gets_a_card_of_what_is_known(run: Any, tmp_path: Path) -> None:
    alone = tmp_path / "elsewhere" / "mine.ckpt"
    alone.parent.mkdir()
    alone.write_bytes(run().best.read_bytes())
    head, text = head_and_text(export(alone, tmp_path / "out"))
    assert head["license_name"] == "not-stated" and "No record of the run was at hand." in text


def test_a_title_cannot_break_the_card(run: Any, tmp_path: Path) -> None:
    title = "---\nx: *y* | `z` <b>"
    assert plain(title) == r"--- x: \*y\* \| \`z\` \<b\>"
    trained = run("corpus.title='x'")
    config = trained.read_config()
    config.corpus.title = title
    trained.write_config(config)
    folder = export(trained, tmp_path / "out")
    head = next(yaml.safe_load_all(folder.card.read_text(encoding="utf-8").split("\n# ")[0]))
    assert head["model-index"][0]["results"][0]["dataset"]["name"] == title
    assert r"| text | --- x: \*y\* \| \`z\` \<b\> |" in folder.card.read_text(encoding="utf-8")


def test_a_hubs_own_reader_understands_the_card(run: Any, tmp_path: Path) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    trained = run()
    card = hub.ModelCard.load(export(trained, tmp_path / "out").card)
    found = {result.metric_name: result.metric_value for result in card.data.eval_results}
    assert found["bits per character, validation"] == pytest.approx(trained.read_summary()["val/bpc"], abs=1e-4)
    assert card.data.library_name == "charcells" and card.data.pipeline_tag == "text-generation"


# a classifier


def test_a_classifier_read_back_gives_the_same_probabilities(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    rows = "".join(f"good\ta fine film {k}\nbad\ta dull film {k}\n" for k in range(40))
    (tmp_path / "mine.tsv").write_text("label\ttext\n" + rows)
    experiment = ["experiment=film_reviews", "corpus=file", f"corpus.path={tmp_path / 'mine.tsv'}", "cell=gru"]
    trained = tmp_path / "run"
    train(small("", *experiment, "trainer.max_epochs=1", "data.seq_len=64"), trained)
    folder = export(trained, tmp_path / "out")
    texts = ["a fine film", "dull, dull", "neither"]
    assert load_classifier(folder.path).probabilities(texts) == load_classifier(trained).probabilities(texts)
    head, text = head_and_text(folder)
    assert head["pipeline_tag"] == "text-classification"
    assert "| tf-idf and logistic regression | " in text and "which of two labels a text has, bad or good" in text
    for kind in ("onnx", "torchscript"):
        if kind == "onnx":
            needs_onnx()
        with pytest.raises(UserError, match=f"format={kind} is for language models"):
            export(trained, tmp_path / "other", kind)
    assert not (tmp_path / "other").exists()


# the hub


class Hub:
    """A hub that keeps what it is given."""

    def __init__(self) -> None:
        self.made: list[tuple[str, dict[str, Any]]] = []
        self.files: dict[str, bytes] = {}

    def create_repo(self, repository: str, **options: Any) -> str:
        self.made.append((repository, options))
        return f"hub:{repository}"

    def upload_folder(self, *, repo_id: str, folder_path: Path, commit_message: str) -> None:
        self.files = {path.name: path.read_bytes() for path in Path(folder_path).iterdir()}


def test_a_push_makes_a_private_repository_of_the_folder(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    hub, trained = Hub(), run()
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: hub)
    monkeypatch.setenv("HF_TOKEN", "hf_made_up")
    main([f"run={trained}", "to=somebody/cabs", "format=hub"])
    assert hub.made == [("somebody/cabs", {"private": True, "exist_ok": True})]
    assert b'snapshot_download("somebody/cabs")' in hub.files.pop("README.md")
    there = tmp_path / "there"
    there.mkdir()
    for name, content in hub.files.items():
        (there / name).write_bytes(content)
    assert charcells.load(there).generate(seed=2) == charcells.load(trained.path).generate(seed=2)
    assert "exported: hub:somebody/cabs" in capsys.readouterr().out
    assert not (tmp_path / "somebody").exists()


def test_a_hub_that_refuses_is_one_message(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no route\nto host")

    hub = Hub()
    monkeypatch.setattr(hub, "create_repo", refuse)
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: hub)
    monkeypatch.setenv("HF_TOKEN", "hf_made_up")
    with pytest.raises(UserError, match="somebody/cabs could not be pushed: no route to host"):
        main([f"run={run()}", "to=somebody/cabs", "format=hub"])


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("cabs", "to=cabs is not the name of a repository: .* to=USER/NAME"),
        ("somebody/cabs", "set HF_TOKEN, or log in once"),
    ],
)
def test_without_a_token_or_a_name_nothing_is_pushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, to: str, message: str
) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    monkeypatch.setattr(hub, "get_token", lambda: None)
    with pytest.raises(UserError, match=message):
        main([f"run={ROOT / 'docs' / 'models' / 'rnn'}", f"to={to}", "format=hub"])


# what is refused


@pytest.mark.parametrize("package", ["onnx", "huggingface_hub"])
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    from charcells.exporting import hub, onnx_file

    for module in (hub, onnx_file):
        monkeypatch.setattr(module, "find_spec", lambda name: None if name == package else object())
    with pytest.raises(UserError, match=r"pip install -e '\.\[export\]'"):
        main(["run=x", "to=some/where", f"format={'hub' if package == 'huggingface_hub' else package}"])


def test_only_a_new_or_empty_folder_is_written(run: Any, tmp_path: Path) -> None:
    trained = run()
    full, file, empty = tmp_path / "full", tmp_path / "file", tmp_path / "empty"
    full.mkdir()
    (full / "mine").write_text("mine")
    file.write_text("mine")
    empty.mkdir()
    for to, message in (
        (full, "is not empty: name a new folder"),
        (file, "is a file: name a new folder"),
        (file / "below", "cannot be made"),
    ):
        with pytest.raises(UserError, match=message):
            export(trained, to)
    assert [path.name for path in full.iterdir()] == ["mine"] and file.read_text() == "mine"
    assert export(trained, empty).weights.exists()
    assert export(trained, tmp_path / "new" / "deeper").weights.exists()


def test_latest_is_the_newest_run(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs").mkdir()
    run().path.rename(tmp_path / "runs" / "mine")
    monkeypatch.chdir(tmp_path)
    folder = export("latest", Path("out"))
    assert charcells.load(folder.path).generate(length=50) == charcells.load("runs/mine").generate(length=50)


def test_a_cell_without_equations_is_refused_and_leaves_nothing(run: Any, tmp_path: Path) -> None:
    trained = run("cell=jordan")
    before = {*tmp_path.iterdir(), tmp_path / "cache"}
    with pytest.raises(UserError, match=r"cell=jordan can only be exported with format=safetensors"):
        export(trained, tmp_path / "out", "torchscript")
    assert {*tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run=x"], "to is missing: add to="),
        (["to=x"], "run is missing: add run="),
        (["run=x", "to=y"], "x does not exist"),
        (["run=x", "to=y", "format=gguf"], "format=gguf is not allowed: it must be one of safetensors, onnx"),
        (["run=x", "to=y", "formt=onnx"], "did you mean format"),
    ],
)
def test_wrong_options_are_named(arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        main(arguments)
