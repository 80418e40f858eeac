"""What the commands answer to small mistakes: the option, what was probably meant, and never a traceback."""

import pytest

CASES = [
    (["train.py", "model.hiden_size=3"], "there is no option model.hiden_size, did you mean model.hidden_size?"),
    (["train.py", "cell=lsmt"], "there is no cell=lsmt, did you mean lstm? choose one of gru, jordan, lstm"),
    (["train.py", "cell=gru,lstm"], "cell=gru,lstm: several values are a sweep, one run for each: add -m"),
    (["train.py", "cell.name=gru"], "cell.name=gru is not an option: write cell=gru"),
    (["train.py", "--foo"], "unknown flag --foo: options are written name=value"),
    (["train.py", "nowhere"], "nowhere is not an option: options are written name=value"),
    (["train.py", "."], ". is not an option: options are written name=value, such as resume=."),
    (["train.py", "trainer.max_epoch=2"], "did you mean trainer.max_epochs? Of Lightning's options there are trainer."),
    (
        ["train.py", "model.hidden_size=[1"],
        "model.hidden_size=[1 cannot be read: brackets and quotes have to be closed",
    ),
    (["train.py", "cell='gru"], "cell='gru cannot be read"),
    (["train.py", "-m", "cell=rnn,gru", "trainer.fast_dev_run=2"], "leave it out, or leave out -m"),
    (
        ["train.py", "trainer.accumulate_grad_batches=4", "trainer.limit_train_batches=2"],
        "trainer.limit_train_batches=2 is not allowed: one step takes trainer.accumulate_grad_batches=4",
    ),
    (["page", "runs=[a]", "out="], "out= is not a file: name one, such as out=page.html"),
    (["page", "runs=[a]", "out=.."], "out=.. is not a file"),
    (["train.py", "resume="], "resume= is empty"),
    (["train.py", "init_from=latest"], "latest means the newest run in"),
    (["train.py", "resume=latest"], "latest means the newest run in"),
    (["train.py", "resume=nowhere"], "resume=nowhere does not exist"),
    (["sample.py", "."], ". is not an option: options are written name=value, such as run=."),
    (["sample.py", "run="], "run= is empty"),
    (["sample.py", "run=latest"], "latest means the newest run in"),
    (["score", "run=latest", "text=a"], "latest means the newest run in"),
    (["page", "sweeps/pydoc"], "such as sweep=sweeps/pydoc"),
    (["page", "sweep=a,b=[c"], "sweep=a,b=[c: a,b=[c is not a folder"),
    (["page", "runs=[latest]"], "latest means the newest run in"),
    (["sample.py", "run=a", "temprature=1"], "there is no option temprature, did you mean temperature?"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), CASES, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_a_small_mistake_is_answered_with_the_way_out(command, arguments, message):
    result = command(*arguments)
    assert result.returncode == 1 and result.stderr.startswith("error: ")
    assert message in result.stderr and "Traceback" not in result.stderr and result.stderr.count("\n") == 1


def test_the_flag_of_a_sweep_may_stand_anywhere_and_accents_need_no_quotes(command, tmp_path):
    (tmp_path / "text.txt").write_text("luz e água\n" * 100, encoding="utf-8")
    small = ["model.hidden_size=8", "trainer.max_steps=1", "samples.length=5", "logger=none", "data.seq_len=10"]
    text = ["corpus=file", f"corpus.path={tmp_path / 'text.txt'}", "samples.prompts=[luz,água]"]
    result = command("train.py", "cell=rnn,gru", "-m", *text, *small, "hydra.sweep.dir=out")
    assert result.returncode == 0, result.stderr
    assert "2 of 2 runs finished" in result.stdout
    samples = next((tmp_path / "work" / "out").rglob("samples.jsonl")).read_text(encoding="utf-8")
    assert '"prompt": "luz"' in samples and '"prompt": "água"' in samples


def test_version(command):
    assert command("--version").stdout.strip().count(".") == 2


def test_a_dev_run_keeps_nothing(command, tmp_path):
    (tmp_path / "text.txt").write_text("a cab and a bed\n" * 200)
    text = ["corpus=file", f"corpus.path={tmp_path / 'text.txt'}", "model.hidden_size=8", "data.seq_len=10"]
    result = command("train.py", *text, "trainer.fast_dev_run=true")
    assert result.returncode == 0 and "nothing was kept" in result.stdout, result.stderr
    assert not list((tmp_path / "work").iterdir())
