"""The entry points as a person runs them: help, a whole run, its text, sweeps, and every kind of wrong input."""

import csv
import hashlib
import json
import math
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

import charcells
from charcells.registry import CELLS

Command = Callable[..., subprocess.CompletedProcess[str]]

ROOT = Path(__file__).parents[2]
TEXT = 'No princípio, Henrique says, don\'t: [a=b] {c} "q" $x \\ ${oc.env:HOME}\n' * 60
BATCHES = (len(TEXT) * 8 // 10 - 1) // (4 * 20)  # of an epoch
TINY = (
    "corpus=file",
    "logger=none",
    "threads=1",
    "data.batch_size=4",
    "data.seq_len=20",
    "model.hidden_size=12",
    "model.embedding_dim=6",
    "samples.length=30",
)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing of this machine's own is seen, and matplotlib looks for its fonts only once."""
    monkeypatch.delenv("CHARCELLS_CORPORA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path_factory.getbasetemp() / "matplotlib"))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The folder in which `command` runs."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """One small run in a folder of its own, which stands in `args`."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "text.txt").write_text(TEXT, encoding="utf-8")
    arguments = [*TINY, "corpus.path=text.txt", "samples.prompts=don't, ", "cell=gru"]
    limits = ["trainer.max_steps=50", "trainer.max_epochs=2", "trainer.log_every_n_steps=7"]
    result = subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *arguments, *limits],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    result.args = folder
    return result


@pytest.fixture(scope="module")
def run_folder(trained: subprocess.CompletedProcess[str]) -> Path:
    (folder,) = (trained.args / "runs").iterdir()
    return folder


@pytest.fixture
def copy(run_folder: Path, tmp_path: Path) -> Path:
    """A copy of the run, for those who change it."""
    return shutil.copytree(run_folder, tmp_path / "copy")


def content(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash; an empty runs/ does not count."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in folder.rglob("*")
        if path != folder / "runs" or any(path.iterdir())
    }


def assert_refused(result: subprocess.CompletedProcess[str], *messages: str) -> None:
    output = result.stdout + result.stderr
    assert result.returncode != 0, output
    assert "Traceback" not in output
    for message in messages:
        assert message in output


# help and completion


def test_help_answers_within_a_second(command: Command, work: Path) -> None:
    """In seconds of processor time, which other tests on the same cores do not lengthen as they do the clock's."""
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = command("train.py", "--help")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert result.returncode == 0
    assert 0 < min(seconds) < 1
    assert content(work) == {}


@pytest.mark.parametrize("script", ["train.py", "sample.py"])
def test_help_lists_the_options_and_imports_nothing_heavy(command: Command, script: str) -> None:
    result = command(script, "--help", PYTHONPROFILEIMPORTTIME="1")
    assert result.returncode == 0
    for word in (
        "Usage",
        "temperature",
        *((f"cell: {', '.join(sorted(CELLS))}", "hidden_size") if script == "train.py" else ()),
    ):
        assert word in result.stdout
    imported = {line.split("|")[-1].strip() for line in result.stderr.splitlines() if line.startswith("import time:")}
    assert "hydra" in imported and "charcells.config" in imported
    assert not imported & {"torch", "lightning", "wandb", "matplotlib", "pandas", "pooch", "requests"}


@pytest.mark.parametrize("arguments", [["--help"], ["export", "--help"]])
def test_help_about_export_imports_nothing_heavy(work: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "charcells", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, cwd=work)
    assert result.returncode == 0 and "charcells export" in result.stdout
    imported = {line.split("|")[-1].strip() for line in result.stderr.splitlines() if line.startswith("import time:")}
    assert "charcells.process" in imported and not imported & {"torch", "numpy", "safetensors", "onnx", "jinja2"}


def test_shell_completion_offers_the_choices_of_a_group(command: Command, work: Path) -> None:
    line = "python train.py cell="
    result = command("train.py", "-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line)))
    assert result.stdout.split() == [f"cell={cell}" for cell in sorted(CELLS)]
    assert content(work) == {}


def test_shell_completion_offers_the_options_of_a_group(command: Command) -> None:
    line = "python train.py model.hid"
    result = command("train.py", "-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line)))
    assert result.stdout.split() == ["model.hidden_size="]


# a run and its folder


def test_a_run_is_named_after_its_time_corpus_and_cell(run_folder: Path) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_file_gru", run_folder.name)


def test_a_run_folder_holds_the_files_of_the_contract_and_no_drafts(run_folder: Path) -> None:
    assert {str(path.relative_to(run_folder)) for path in run_folder.rglob("*") if path.is_file()} == {
        "config.yaml",
        "summary.json",
        "metrics.csv",
        "samples.jsonl",
        "train.log",
        "loss.png",
        ".lock",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
    }
    assert (run_folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert "val" in (run_folder / "train.log").read_text(encoding="utf-8")


def test_the_terminal_shows_the_result_a_sample_and_the_run_folder(
    trained: subprocess.CompletedProcess[str], run_folder: Path
) -> None:
    summary = json.loads((run_folder / "summary.json").read_text(encoding="utf-8"))
    assert f"{summary['val/bpc']:.3f}" in trained.stdout
    assert f"{summary['test/bpc']:.3f}" in trained.stdout
    assert json.loads((run_folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()[-1])["text"] in (
        trained.stdout
    )
    assert f"run folder: runs/{run_folder.name}" in trained.stdout
    assert "Traceback" not in trained.stderr and "Warning" not in trained.stderr


def test_the_recorded_configuration_is_the_whole_one(run_folder: Path) -> None:
    config = yaml.safe_load((run_folder / "config.yaml").read_text(encoding="utf-8"))
    assert config["model"]["hidden_size"] == 12 and config["model"]["num_layers"] == 1
    assert config["cell"]["name"] == "gru" and config["optimizer"]["name"] == "adamw"
    assert config["optimizer"]["lr"] == config["cell"]["lr"]  # resolved, not a reference
    assert config["samples"]["prompts"] == ["don't, "]
    assert config["resume"] is None


def test_the_summary_says_what_was_trained_on_what_and_how_well(run_folder: Path) -> None:
    summary = json.loads((run_folder / "summary.json").read_text(encoding="utf-8"))
    train_end, val_end = len(TEXT) * 8 // 10, len(TEXT) * 9 // 10
    V, E, H = len(set(TEXT)), 6, 12
    expected = {
        "status": "finished",
        "cell": "gru",
        "num_layers": 1,
        "hidden_size": H,
        "embedding_dim": E,
        "parameters": V * E + 3 * H * (E + H + 2) + (H + 1) * V,
        "batch_size": 4,
        "seq_len": 20,
        "train_fraction": 1.0,
        "seed": 1,
        "corpus": "text.txt",
        "corpus_sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
        "train_chars": train_end,
        "val_chars": val_end - train_end,
        "test_chars": len(TEXT) - val_end,
        "val_sha256": hashlib.sha256(TEXT[train_end:val_end].encode()).hexdigest(),
        "vocab_size": V,
        "steps": 50,
        "chars_seen": 50 * 4 * 20,
        "threads": 1,
        "error": None,
    }
    assert {key: summary[key] for key in expected} == expected
    assert summary["epochs"] == pytest.approx(50 / BATCHES)
    assert 0 < summary["train_seconds"] < 300
    assert summary["chars_per_second"] == pytest.approx(4_000 / summary["train_seconds"], rel=0.01)
    assert summary["val/bpc"] == pytest.approx(summary["val/loss"] / math.log(2))
    assert 0 < summary["val/bpc"] < math.log2(V) and 0 < summary["test/bpc"] < math.log2(V)
    assert 0 < summary["train/loss"] < math.log(V)
    assert 0 <= summary["test/accuracy"] <= 1
    assert summary["device"]
    assert summary["versions"].keys() >= {"python", "torch", "lightning", "charcells", "git"}
    assert summary["versions"]["torch"] == torch.__version__


def test_metrics_have_a_row_for_each_logged_step_and_validation(run_folder: Path) -> None:
    with open(run_folder / "metrics.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = "step,epoch,chars_seen,train/loss,val/loss,val/bpc,val/accuracy,lr,grad_norm,chars_per_second"
    assert ",".join(rows[0]) == columns
    logged = {step for step in range(1, 51) if step % 7 == 0}
    assert BATCHES < 50  # so that the run ends inside its second epoch
    assert [int(row["step"]) for row in rows] == sorted(logged | {BATCHES, 50})
    assert [int(row["step"]) for row in rows if row["val/loss"]] == [BATCHES, 50]
    assert [int(row["epoch"]) for row in rows] == [1 if int(row["step"]) <= BATCHES else 2 for row in rows]
    assert all(int(row["chars_seen"]) == int(row["step"]) * 80 for row in rows)
    summary = json.loads((run_folder / "summary.json").read_text(encoding="utf-8"))
    assert min(float(row["val/loss"]) for row in rows if row["val/loss"]) == pytest.approx(summary["val/loss"])


def test_samples_continue_the_prompt_at_each_validation(run_folder: Path) -> None:
    lines = (run_folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    samples = [json.loads(line) for line in lines]
    assert [sample["step"] for sample in samples] == [BATCHES, 50]
    for sample in samples:
        assert list(sample) == ["step", "chars_seen", "prompt", "temperature", "top_k", "text"]
        assert sample["prompt"] == "don't, "
        assert sample["text"].startswith("don't, ") and len(sample["text"]) == len("don't, ") + 30
        assert sample["chars_seen"] == sample["step"] * 80


@pytest.mark.parametrize("name", ["best", "last"])
def test_a_checkpoint_holds_plain_values_and_describes_itself(run_folder: Path, name: str) -> None:
    checkpoint = torch.load(run_folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
    about = checkpoint["charcells"]
    assert about["characters"] == "".join(sorted(set(TEXT)))
    sizes = {"cell": "gru", "embedding_dim": 6, "hidden_size": 12, "num_layers": 1}
    assert about["model"] == {**sizes, "dropout": 0.0, "output_dropout": None}
    assert (about["corpus"], about["corpus_sha256"]) == ("text.txt", hashlib.sha256(TEXT.encode()).hexdigest())


# text of a trained model


def sampled(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_the_same_seed_writes_the_same_text_and_each_sample_has_a_seed_of_its_own(
    command: Command, run_folder: Path
) -> None:
    arguments = (f"run={run_folder}", "prompt=No princípio", "length=60", "top_k=5")
    one = sampled(command("sample.py", *arguments, "seed=8"))
    several = sampled(command("sample.py", *arguments, "seed=7", "num_samples=3"))
    assert len(one) == len("No princípio") + 60 + 1 and one.startswith("No princípio")
    parts = re.split(r"\n?--- sample \d, seed (\d) ---\n", several)
    assert parts[1::2] == ["7", "8", "9"]
    texts = parts[2::2]
    assert texts[1] == one
    assert len(set(texts)) == 3


def test_temperature_zero_takes_the_likeliest_character_whatever_the_seed(command: Command, run_folder: Path) -> None:
    result = command("sample.py", f"run={run_folder}", "length=40", "temperature=0", "num_samples=2")
    _, _, first, _, second = re.split(r"\n?--- sample \d, seed (\d) ---\n", sampled(result))
    assert first == second
    assert first.startswith("don't, ") and len(first) == len("don't, ") + 40 + 1  # from the run's own prompt


def test_prompt_characters_that_the_model_never_saw_are_named_or_skipped(command: Command, run_folder: Path) -> None:
    arguments = (f"run={run_folder}", "prompt=No Übermut ☃", "length=20")
    refused = command("sample.py", *arguments)
    assert_refused(refused, "'Ü' (U+00DC)", "'☃' (U+2603)", "unknown=skip")
    assert refused.stdout == ""
    skipped = sampled(command("sample.py", *arguments, "unknown=skip"))
    known = "".join(character for character in "No Übermut ☃" if character in TEXT)
    continued = charcells.load(run_folder).generate(known, length=20, temperature=0.8)
    assert skipped == "No Übermut ☃" + continued.removeprefix(known) + "\n"


def test_a_checkpoint_file_alone_is_enough_wherever_it_lies(command: Command, run_folder: Path, work: Path) -> None:
    alone = work / "a model, [mine]=best.ckpt"
    shutil.copy(run_folder / "checkpoints" / "best.ckpt", alone)
    text = sampled(command("sample.py", f"run={alone.name}", "prompt=don't", "length=40", "seed=3"))
    assert text == charcells.load(run_folder).generate("don't", length=40, temperature=0.8, seed=3) + "\n"
    assert list(content(work)) == [alone.name]


@pytest.mark.parametrize("prompt", ["Henrique says, don't", '[a=b] {c} "q" $x \\${oc.env:HOME}\n\\'], ids=range(2))
def test_any_prompt_that_a_person_types_is_continued(command: Command, run_folder: Path, prompt: str) -> None:
    text = sampled(command("sample.py", f"run={run_folder}", f"prompt={prompt}", "length=5"))
    assert text.startswith(prompt)
    assert len(text) == len(prompt) + 5 + 1


# a sweep


def test_a_sweep_makes_a_folder_for_each_configuration_named_after_it(command: Command, work: Path) -> None:
    (work / "text.txt").write_text(TEXT, encoding="utf-8")
    result = command("train.py", "-m", *TINY, "corpus.path=text.txt", "trainer.max_steps=3", "cell=rnn,lstm", "seed=5")
    assert result.returncode == 0, result.stderr
    (sweep,) = (work / "sweeps").iterdir()
    jobs = sorted(folder for folder in sweep.iterdir() if folder.is_dir())
    assert sweep.name == "file" and len(jobs) == 2
    for folder, cell in zip(jobs, ("lstm", "rnn"), strict=True):
        assert f"cell={cell}" in folder.name and "seed=5" in folder.name
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        assert (summary["status"], summary["cell"], summary["seed"], summary["steps"]) == ("finished", cell, 5, 3)


def test_a_sweep_over_long_paths_has_folders_that_a_file_system_takes(command: Command, work: Path) -> None:
    names = ["a" * 200, "b" * 200]
    for name in names:
        (work / name).write_text("too short to be learned from", encoding="utf-8")  # what matters is the folder
    result = command("train.py", "-m", *TINY, f"corpus.path={','.join(names)}", "model.num_layers=1")
    assert_refused(result, "too short")


# wrong input


WRONG_OPTIONS = {
    "cell=transformer": ["there is no cell=transformer: choose one of", "gru", "lstm", "rnn"],
    "cell=null": ["cell"],
    "model.num_layers=two": ["model.num_layers", "two", "a whole number"],
    "model.num_layers=-1": ["error: model.num_layers=-1 is not allowed: it must be at least 1"],
    "modle.num_layers=2": ["modle"],
    "hiden_size=2": ["hiden_size"],
    "+model.layers=2": ["layers", "--help"],
    "resume=nowhere": ["resume=nowhere does not exist"],
}


@pytest.mark.parametrize("option", WRONG_OPTIONS)
def test_a_wrong_option_is_refused_with_what_is_allowed(command: Command, work: Path, option: str) -> None:
    assert_refused(command("train.py", option), *WRONG_OPTIONS[option])
    assert content(work) == {}


def test_wrong_input_is_refused_before_torch_is_imported(command: Command) -> None:
    for script, argument in (("train.py", "model.num_layers=-1"), ("sample.py", "length=10")):
        result = command(script, argument, PYTHONPROFILEIMPORTTIME="1")
        assert result.returncode == 1
        assert "error: " in result.stderr
        assert not re.search(r"\| +(torch|lightning)$", result.stderr, re.M)


FILES: dict[str, bytes | None] = {
    "missing.txt": None,
    "empty.txt": b"",
    "binary.bin": b"\x7fELF" + bytes(range(256)) * 20,
    "latin.txt": ("En un lugar de la Mancha, ¿qué año, señor, comió el niño? " * 40).encode("iso-8859-1"),
    "short.txt": b"No more than this.",
    "good.txt": TEXT.encode(),
}


@pytest.mark.parametrize(
    ("name", "arguments", "messages"),
    [
        ("missing.txt", [], ["missing.txt cannot be read: No such file"]),
        ("empty.txt", [], ["empty.txt is empty"]),
        ("binary.bin", [], ["binary.bin", "binary file"]),
        ("latin.txt", [], ["latin.txt is not utf-8 text at byte offset 26", "corpus.encoding=iso-8859-1"]),
        ("short.txt", [], ["too short for data.batch_size=4", "data.seq_len=3"]),
        ("good.txt", ["data.batch_size=5000"], ["data.batch_size=5000", "the largest that fits: data.batch_size="]),
    ],
)
def test_a_text_that_cannot_be_learned_is_refused_and_leaves_nothing(
    command: Command, work: Path, name: str, arguments: list[str], messages: list[str]
) -> None:
    if FILES[name] is not None:
        (work / name).write_bytes(FILES[name] or b"")
    before = content(work)
    assert_refused(command("train.py", *TINY, f"corpus.path={name}", *arguments), "error: ", *messages)
    assert content(work) == before


def test_a_refused_download_says_how_to_do_without(command: Command, work: Path, tmp_path: Path) -> None:
    result = command("train.py", "corpus=biblia", "corpus.url=https://127.0.0.1:1/biblia.txt", "logger=none")
    assert_refused(result, "could not be downloaded from https://127.0.0.1:1/biblia.txt", "biblia.txt", "corpora_dir=")
    assert content(work) == {}
    assert not [path for path in (tmp_path / "cache" / "charcells").rglob("*") if path.is_file()]


def test_a_corpus_file_with_the_wrong_hash_is_refused(command: Command, work: Path) -> None:
    (work / "biblia.txt").write_text(TEXT, encoding="utf-8")
    before = content(work)
    result = command("train.py", "corpus=biblia", "corpora_dir=.", "logger=none")
    sha256 = hashlib.sha256(TEXT.encode()).hexdigest()
    assert_refused(result, "biblia.txt", sha256, "corpus=file corpus.path=biblia.txt")
    assert content(work) == before


@pytest.mark.parametrize("override", ["model.hidden_size=99", "cell=lstm", "seed=2"])
def test_a_resume_refuses_what_would_make_another_run(command: Command, copy: Path, override: str) -> None:
    before = content(copy)
    result = command("train.py", f"resume={copy}", override)
    assert_refused(result, f"{override.split('=')[0]} cannot change", "trainer.max_epochs", "init_from=")
    assert content(copy) == before


def test_a_folder_that_is_no_run_is_not_resumed(command: Command, work: Path) -> None:
    (work / "notes.txt").write_text("no run")
    before = content(work)
    assert_refused(command("train.py", "resume=."), "resume=. is not a run folder", "config.yaml")
    assert content(work) == before


def cut(path: Path) -> None:
    """What a full disk or a broken copy leaves of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_damaged_checkpoint_is_named_and_nothing_is_written(command: Command, copy: Path, work: Path) -> None:
    for name in ("best.ckpt", "last.ckpt"):
        cut(copy / "checkpoints" / name)
    (work / "text.txt").write_text(TEXT, encoding="utf-8")
    before, work_before = content(copy), content(work)
    damaged = "is damaged or not a charcells checkpoint"

    result = command("sample.py", f"run={copy}", "length=5")
    assert_refused(result, f"best.ckpt {damaged}")
    assert result.stdout == ""
    longer = command("train.py", f"resume={copy}", "trainer.max_steps=60", "corpus.path=text.txt")
    assert_refused(longer, f"last.ckpt {damaged}")
    assert content(copy) == before
    assert content(work) == work_before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "run is missing: add run="),
        (["run=nowhere"], "nowhere does not exist"),
        (["run=."], ". has no checkpoint"),
        (["run=.", "temperature=-1"], "temperature=-1.0 is not allowed: it must be at least 0"),
    ],
)
def test_a_model_that_is_not_there_is_named(command: Command, work: Path, arguments: list[str], message: str) -> None:
    assert_refused(command("sample.py", *arguments), f"error: {message}")
    assert content(work) == {}
