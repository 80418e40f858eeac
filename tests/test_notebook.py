"""What a notebook shows: cells are executed by a kernel, as in Jupyter."""

import nbformat
import pytest
from nbclient import NotebookClient

TEXT = "a cab, a bed and a bag\n" * 60

TRAIN = """
import charcells
run = charcells.train("corpus=file", "corpus.path=mine.txt", "logger=none", "model.hidden_size=8", "data.seq_len=10",
                      "data.batch_size=2", "trainer.max_epochs=2", cell="gru", seed=3)
run
"""
METRICS = "print(len(run.metrics), run.summary['status'], repr(run.generator().generate('a cab', length=20, seed=1)))"
RUNS = "print(charcells.runs('runs')[['cell', 'seed', 'status']].to_string(index=False))"
PIECES = """
import lightning
data = charcells.CharDataModule("mine.txt", batch_size=2, seq_len=10)
data.setup()
module = charcells.CharLM(data.vocabulary.characters, cell="lstm", hidden_size=8)
trainer = lightning.Trainer(max_epochs=1, accelerator="cpu", enable_progress_bar=False, logger=False)
trainer.fit(module, data)
sorted(trainer.callback_metrics)
"""
PROCESS = """
import signal, logging
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, logging.getLogger("charcells").handlers)
"""


@pytest.fixture
def execute(tmp_path, monkeypatch):
    """Runs cells in a new kernel in an empty folder, and returns each one's outputs as text."""
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")  # otherwise Jupyter warns about its future default
    (tmp_path / "mine.txt").write_text(TEXT)

    def run(*cells):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
        return ["".join(map(shown, cell.outputs)) for cell in notebook.cells]

    return run


def shown(output):
    """The text of an output: printed, or the value of the cell."""
    data = output.get("data", {})
    return output.get("text", "") + data.get("text/html", data.get("text/plain", ""))


def test_runs_and_pieces_in_a_notebook(execute):
    train, metrics, runs, pieces, process = execute(TRAIN, METRICS, RUNS, PIECES, PROCESS)
    assert "epoch 2/2" in train and "test/bpc" in train  # the progress bar, and the run as a table
    assert "finished 'a cab" in metrics
    assert runs.split() == ["cell", "seed", "status", "gru", "3", "finished"]
    for name in ("train/loss", "val/accuracy", "val/bpc", "val/loss"):
        assert f"'{name}'" in pieces
    assert process.strip() == "True []"
