"""What TensorBoard itself reads of our runs: the table of HPARAMS over a sweep, scores, pictures and samples."""

import time

import pytest

from charcells.config import options
from charcells.runs.folder import RunFolder
from charcells.training.train import train

pytest.importorskip("tensorboard")

TEXT = "".join(chr(97 + (i * i * 7 + i // 3) % 23) for i in range(900))


@pytest.fixture
def sweep(small, tmp_path):
    for cell, size in (("rnn", 8), ("gru", 6)):
        options = (f"cell={cell}", f"model.hidden_size={size}", "trainer.max_steps=6", "logger=tensorboard")
        train(small(TEXT, *options, "model.embedding_dim=null"), tmp_path / "sweep" / cell)
    return tmp_path / "sweep"


def table_of(folder):
    """TensorBoard's table HPARAMS of a folder: of each run by its name, its options and its figures."""
    from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
    from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
    from tensorboard.context import RequestContext
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups

    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    provider = MultiplexerDataProvider(multiplexer, str(folder))
    context = backend_context.Context(TBContext(data_provider=provider))
    asked = (RequestContext(), context, "experiment")
    experiment = get_experiment.Handler(*asked, api_pb2.GetExperimentRequest()).run()
    request = api_pb2.ListSessionGroupsRequest(
        start_index=0,
        slice_size=10,
        col_params=[api_pb2.ColParams(hparam=info.name, include_in_result=True) for info in experiment.hparam_infos],
        allowed_statuses=[api_pb2.STATUS_SUCCESS, api_pb2.STATUS_RUNNING, api_pb2.STATUS_UNKNOWN],
    )
    for info in experiment.metric_infos:
        request.col_params.add(metric=info.name, include_in_result=True)
    groups = list_session_groups.Handler(*asked, request).run().session_groups
    return {
        session.name.split("/")[0]: (
            {name: getattr(value, value.WhichOneof("kind")) for name, value in group.hparams.items()},
            {metric.name.tag: metric.value for metric in session.metric_values},
        )
        for group in groups
        for session in group.sessions
    }


def test_hparams_compares_the_runs_of_a_sweep(sweep):
    table = table_of(sweep)
    assert table.keys() == {"rnn", "gru"}
    assert {name: (row["cell"], row["hidden_size"]) for name, (row, _) in table.items()} == {
        "rnn": ("rnn", 8),
        "gru": ("gru", 6),
    }
    assert table["rnn"][0].keys() == table["gru"][0].keys()  # one table, no row with holes
    for name, (row, figures) in table.items():
        summary = RunFolder(sweep / name).read_summary()
        assert row["embedding_dim"] == "null" and row["optimizer.lr"] > 0 and row["corpus"] == "text.txt"
        expected = {"best/val/loss", "best/val/bpc", "best/val/accuracy", "test/loss", "test/bpc", "test/accuracy"}
        assert figures.keys() == expected
        assert all(figures[key] == pytest.approx(summary[key.removeprefix("best/")]) for key in expected)


def test_scores_pictures_and_samples_are_in_the_events(sweep):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = RunFolder(sweep / "gru")
    events = EventAccumulator(str(run.path / "tensorboard"))
    events.Reload()
    (tested,) = events.Scalars("test/bpc")
    assert (tested.step, tested.value) == (6, pytest.approx(run.read_summary()["test/bpc"]))
    assert [each.step for each in events.Scalars("val/bpc")] == [6]  # the curve has no point of the final figures
    (picture,) = events.Images("loss curve")
    assert picture.encoded_image_string.startswith(b"\x89PNG") and picture.width > picture.height > 100
    (text,) = events.Tensors("samples/text_summary")
    (shown,) = text.tensor_proto.string_val
    (sample,) = run.read_samples()
    assert text.step == sample["step"] == 6
    assert shown.decode().endswith("    " + sample["text"].replace("\n", "\n    "))
    assert f"prompt={sample['prompt']!r}" in shown.decode()


def test_a_run_that_is_trained_longer_stays_one_row_with_its_last_figures(small, tmp_path):
    common = ("logger=tensorboard", "samples.length=0", "data.val_fraction=0")
    train(small(TEXT, "trainer.max_steps=4", *common), tmp_path / "sweep" / "run")
    time.sleep(1.1)  # TensorBoard reads files in the order of their names, which count the seconds
    train(small(TEXT, "trainer.max_steps=8", *common), tmp_path / "sweep" / "run", resume=True)
    table = table_of(tmp_path / "sweep")
    assert len(table) == 1
    summary = RunFolder(tmp_path / "sweep" / "run").read_summary()
    assert table["run"][1] == {key: pytest.approx(summary[key]) for key in ("test/loss", "test/bpc", "test/accuracy")}
    assert summary["steps"] == 8


def test_every_hyperparameter_is_an_option_or_its_short_name(small):
    from charcells.config import Config
    from charcells.runs.summary import Summary
    from charcells.runs.table import SHORT
    from charcells.training.tensorboard import hyperparameters

    found = hyperparameters(small(TEXT), Summary())
    assert set(found) <= {*SHORT, *(name for name, _ in options(Config))}
    assert not {"corpora_dir", "threads", "logger.name", "samples.length", "corpus.path"} & set(found)
    assert next(iter(found)) == "cell" and {"seed", "optimizer.lr", "trainer.max_epochs"} <= set(found)
