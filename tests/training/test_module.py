"""How a CharRNN is trained and scored: truncated gradients, held-out scores, learning rates, clipping.

Legend: B batch, T time, V vocabulary.
"""

import csv
import dataclasses
import itertools
import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F

import charcells
from charcells.config import SchedulerConfig
from charcells.data.held_out import HeldOutBatches
from charcells.data.module import CharDataModule
from charcells.models.char_rnn import CharRNN
from charcells.models.checkpoint import Description, read_checkpoint
from charcells.registry import CELLS
from charcells.training.length import RunLength
from charcells.training.optimization import lr_factor
from charcells.training.run_module import CharRunModule
from charcells.training.score import HeldOutScore
from charcells.training.train import train

V = 11


pytestmark = pytest.mark.usefixtures("one_thread")


def random_text(n):
    """Lines of random words over the letters a to j: something that a state helps to foresee."""
    words = ("abba\n", "cide\n", "fghij\n", "deaf\n", "jab\n")
    drawn = torch.randint(len(words), (n,), generator=torch.Generator().manual_seed(5))
    return "".join(words[word] for word in drawn)[:n]


def char_lm(config, cell="lstm", steps_per_epoch=10):
    torch.manual_seed(1)
    options = {"cell": cell, "embedding_dim": 4, "hidden_size": 8, "num_layers": 1, "dropout": 0.0}
    description = Description(options, "abcdefghij\n", "a", "file", "0")
    return CharRunModule(CharRNN(V, **options), config, description, RunLength.of(config, steps_per_epoch))


def windows(*rows):
    """A batch (inputs, targets) from rows of tokens, one longer than the inputs."""
    tokens = torch.tensor(rows)
    return tokens[:, :-1], tokens[:, 1:]


FIRST = windows([0, 1, 2, 3, 4], [4, 3, 2, 1, 0])
SECOND = windows([5, 6, 7, 8, 9], [9, 8, 7, 6, 5])  # none of the first window's inputs


@pytest.mark.parametrize("cell", CELLS)
def test_gradient_stops_at_the_chunk_boundary(small, cell):
    module = char_lm(small(random_text(2000)), cell)
    embeddings = module.model.embedding.weight
    module.training_step(FIRST, 0)
    module.training_step(SECOND, 1)["loss"].backward()
    assert not embeddings.grad[:5].any()
    assert embeddings.grad[5:].any()
    # were the state not cut off, the first window would have a share in it
    module.model.zero_grad()
    _, state = module.model(FIRST[0])
    logits, _ = module.model(SECOND[0], state)
    F.cross_entropy(logits.flatten(0, 1), SECOND[1].flatten()).backward()
    assert embeddings.grad[:5].any()


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_the_state_is_carried_to_the_next_chunk_and_dropped_at_the_start_of_an_epoch(small, cell):
    module = char_lm(small(random_text(2000)), cell)
    both = torch.cat([FIRST[0], SECOND[0]], 1)
    logits, _ = module.model(both)
    expected = F.cross_entropy(logits[:, 4:].flatten(0, 1), SECOND[1].flatten())
    module.training_step(FIRST, 0)
    torch.testing.assert_close(module.training_step(SECOND, 1)["loss"], expected)
    logits, _ = module.model(SECOND[0])
    fresh = F.cross_entropy(logits.flatten(0, 1), SECOND[1].flatten())
    assert torch.equal(module.training_step(SECOND, 0)["loss"], fresh)
    assert (fresh - expected).abs() > 1e-4


@pytest.mark.parametrize("cell", CELLS)
@torch.no_grad()
def test_a_state_that_is_never_reset_is_carried_into_the_next_epoch(small, cell):
    module = char_lm(small(random_text(2000), "data.reset_state=never"), cell)
    _, state = module.model(FIRST[0])
    logits, _ = module.model(SECOND[0], state)
    expected = F.cross_entropy(logits.flatten(0, 1), SECOND[1].flatten())
    module.training_step(FIRST, 0)
    assert torch.equal(module.training_step(SECOND, 0)["loss"], expected)


@pytest.mark.parametrize(
    ("overrides", "carried"),
    [
        (["data.sampling=streams"], True),
        (["data.sampling=windows"], False),
        (["data.sampling=streams", "data.carry_state=false"], False),
        (["data.sampling=windows", "data.carry_state=true"], True),
        (["data.sampling=overlapping"], False),
        (["data.sampling=overlapping", "data.carry_state=true"], True),
    ],
)
@torch.no_grad()
def test_streams_carry_the_state_and_the_others_do_not_unless_asked(small, overrides, carried):
    module = char_lm(small(random_text(2000), *overrides))
    module.training_step(FIRST, 0)
    second = module.training_step(SECOND, 1)["loss"]
    logits, _ = module.model(SECOND[0])
    fresh = F.cross_entropy(logits.flatten(0, 1), SECOND[1].flatten())
    assert torch.equal(second, fresh) is not carried


def held_out_metrics(model, batches):
    score = HeldOutScore()
    with torch.no_grad():
        for batch in batches:
            score.add(model, *batch)
    return score.metrics("val")


def plain_metrics(model, tokens, first, last):
    """The score of tokens [first, last) in one forward over the whole text before them, in float64."""
    twin = CharRNN(model.vocab_size, model.cell, model.embedding_dim, model.hidden_size, model.num_layers).double()
    twin.load_state_dict(model.state_dict())
    with torch.no_grad():
        logits = twin(tokens[None, : last - 1].long())[0][0, first - 1 :]  # of the targets first .. last - 1
    targets = tokens[first:last].long()
    loss = F.cross_entropy(logits, targets).item()
    accuracy = (logits.argmax(-1) == targets).double().mean().item()
    return {"val/loss": loss, "val/bpc": loss / math.log(2), "val/accuracy": accuracy}


@pytest.mark.parametrize("cell", CELLS)
def test_bits_per_character_of_a_uniform_model_is_log2_vocab(cell):
    torch.manual_seed(1)
    model = CharRNN(V, cell, 4, 8)
    with torch.no_grad():
        model.output.weight.zero_()
    tokens = torch.randint(V, (1000,))
    metrics = held_out_metrics(model, HeldOutBatches(tokens, 700, 1000, V))
    assert metrics["val/bpc"] == pytest.approx(math.log2(V), abs=1e-6)
    assert metrics["val/loss"] == pytest.approx(math.log(V), abs=1e-6)


@pytest.mark.parametrize("cell", CELLS)
def test_held_out_score_equals_one_plain_pass_over_a_single_stream(small, tmp_path, cell):
    config = small(random_text(12_000), f"cell={cell}", "model.num_layers=2", "trainer.max_epochs=1")
    train(config, tmp_path / "run")
    model = charcells.load(tmp_path / "run").model
    data = CharDataModule(config.corpus, **dataclasses.asdict(config.data))
    data.setup()
    metrics = held_out_metrics(model, data.val_dataloader())
    expected = plain_metrics(model, data.tokens, data.text.split.train_end, data.text.split.val_end)
    assert metrics["val/bpc"] < math.log2(V) - 0.1  # it has learned something of its state
    assert metrics == pytest.approx(expected, abs=1e-4)


def test_a_checkpoint_scores_the_same_however_training_is_batched(small, tmp_path):
    text = random_text(12_000)
    config = small(text, "trainer.max_epochs=1")
    train(config, tmp_path / "run")
    data = CharDataModule(config.corpus, **dataclasses.asdict(config.data))
    data.setup()
    model = charcells.load(tmp_path / "run").model
    plain = plain_metrics(model, data.tokens, data.text.split.train_end, data.text.split.val_end)["val/bpc"]
    hashes = set()
    for number, (fraction, batch_size, seq_len) in enumerate(
        [(1.0, 1, 25), (1.0, 8, 100), (0.1, 8, 25), (0.1, 1, 100), (1.0, 8, 25), (0.1, 8, 100)]
    ):
        # a new run from these weights that makes one step of no size, then scores them
        summary = train(
            small(
                text,
                f"init_from={tmp_path / 'run'}",
                f"data.train_fraction={fraction}",
                f"data.batch_size={batch_size}",
                f"data.seq_len={seq_len}",
                "optimizer=sgd",
                "optimizer.lr=1e-60",
                "trainer.max_steps=1",
            ),
            tmp_path / str(number),
        )
        assert summary["val/bpc"] == pytest.approx(plain, abs=1e-4)
        hashes.add(summary["val_sha256"])
    assert len(hashes) == 1


TOTAL, PER_EPOCH = 200, 10


def one_cycle(step, warmup=0.1, final=0.02):
    return lr_factor(SchedulerConfig(name="one_cycle", warmup=warmup, final=final), step, TOTAL, PER_EPOCH)


def test_one_cycle_rises_evenly_to_its_peak_and_falls_to_its_end():
    factors = [one_cycle(step) for step in range(TOTAL + 1)]
    peak = factors.index(max(factors))
    assert factors[peak] == pytest.approx(1.0)
    assert peak == 20
    rises = [later - earlier for earlier, later in itertools.pairwise(factors[: peak + 1])]
    assert factors[0] > 0
    assert rises == pytest.approx([factors[0]] * peak)
    assert all(later < earlier for earlier, later in itertools.pairwise(factors[peak:]))
    assert factors[(TOTAL + peak) // 2] == pytest.approx((1 + 0.02) / 2)  # half-way down the cosine
    assert factors[TOTAL] == pytest.approx(0.02)


def test_one_cycle_without_warm_up_starts_at_its_peak():
    assert one_cycle(0, warmup=0.0) == 1.0


@pytest.mark.parametrize("total", [1, 2, 3, 7])
def test_one_cycle_stays_between_zero_and_one_for_the_shortest_runs(total):
    scheduler = SchedulerConfig(name="one_cycle", warmup=0.05, final=0.01)
    for step in range(total + 1):
        assert 0 < lr_factor(scheduler, step, total, 1) <= 1


def test_exponential_falls_each_epoch_after_those_held():
    scheduler = SchedulerConfig(name="exponential", gamma=0.95, hold_epochs=10)
    for epoch in range(1, 16):
        expected = 1.0 if epoch <= 10 else 0.95 ** (epoch - 10)
        for step in ((epoch - 1) * PER_EPOCH, epoch * PER_EPOCH - 1):
            assert lr_factor(scheduler, step, TOTAL, PER_EPOCH) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["constant", "plateau"])
def test_other_schedules_leave_the_rate_to_the_optimizer(name):
    assert {lr_factor(SchedulerConfig(name=name), step, TOTAL, PER_EPOCH) for step in range(TOTAL)} == {1.0}


def test_plateau_lowers_the_rate_when_validation_stops_improving(small):
    module = char_lm(small(random_text(2000), "scheduler=plateau", "scheduler.patience=1", "scheduler.factor=0.5"))
    optimizer = module.configure_optimizers()
    module.trainer = SimpleNamespace(sanity_checking=False)
    module.log = lambda *args, **options: None
    peak, rates = optimizer.param_groups[0]["lr"], []
    for loss in (3.0, 2.0, 2.5, 2.5, 1.0, 2.5):
        module.score = SimpleNamespace(metrics=lambda stage, loss=loss: {"val/loss": loss})
        module.on_validation_epoch_end()
        rates.append(optimizer.param_groups[0]["lr"] / peak)
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5]


def clipped(module, *arguments):
    """Gradients before and after clipping, each one vector."""
    torch.manual_seed(2)
    for parameter in module.model.parameters():
        parameter.grad = torch.randn_like(parameter)
    before = torch.cat([parameter.grad.flatten().clone() for parameter in module.model.parameters()])
    module.configure_gradient_clipping(module.configure_optimizers()["optimizer"], *arguments)
    after = torch.cat([parameter.grad.flatten() for parameter in module.model.parameters()])
    torch.testing.assert_close(module.grad_norm, before.norm())  # before clipping, always
    return before, after


def test_value_clipping_limits_each_entry_of_the_gradient(small):
    before, after = clipped(char_lm(small(random_text(2000))), 0.5, "value")
    assert torch.equal(after, before.clamp(-0.5, 0.5))
    assert not torch.equal(after, before)


def test_norm_clipping_limits_the_norm_and_keeps_the_direction(small):
    before, after = clipped(char_lm(small(random_text(2000))), 0.5, "norm")
    torch.testing.assert_close(after.norm(), torch.tensor(0.5), rtol=1e-4, atol=0)
    torch.testing.assert_close(after / after.norm(), before / before.norm())


@pytest.mark.parametrize("algorithm", ["norm", "value"])
def test_gradients_within_the_limit_are_left_alone(small, algorithm):
    module = char_lm(small(random_text(2000)))
    before, after = clipped(module, 1e6, algorithm)
    assert torch.equal(after, before)
    before, after = clipped(module, None, algorithm)
    assert torch.equal(after, before)


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "adagrad", "sgd"])
def test_each_optimizer_gets_the_options_of_its_configuration(small, name):
    config = small(random_text(2000), f"optimizer={name}", "optimizer.lr=0.003", "scheduler=constant")
    optimizer = char_lm(config).configure_optimizers()["optimizer"]
    assert type(optimizer).__name__.lower() == name
    group = optimizer.param_groups[0]
    for key, value in dataclasses.asdict(config.optimizer).items():
        if key not in ("name", "lr") and value is not None:
            assert group[key] == (tuple(value) if key == "betas" else value)
    assert group["lr"] == 0.003


@pytest.mark.parametrize(
    ("optimizer", "precision", "fused"),
    [("adam", "32-true", True), ("adamw", "64-true", True), ("adamw", "16-mixed", None), ("sgd", "32-true", None)],
)
def test_adam_is_fused_but_where_gradients_are_scaled(small, optimizer, precision, fused):
    """Lightning leaves unscaling to a fused optimizer: gradients would be clipped by what they are not."""
    module = char_lm(small(random_text(500), f"optimizer={optimizer}", f"trainer.precision={precision}"))
    assert module.configure_optimizers()["optimizer"].param_groups[0]["fused"] is fused


def test_fused_adamw_steps_as_the_one_by_one(small):
    finals = []
    for fused in (True, None):
        module = char_lm(small(random_text(500)))
        optimizer = module.configure_optimizers()["optimizer"]
        optimizer.param_groups[0]["fused"] = fused
        for _ in range(20):
            optimizer.zero_grad()
            module.training_step(FIRST, 0)["loss"].backward()
            optimizer.step()
        finals.append(module.model.state_dict())
    for name, weights in finals[0].items():
        torch.testing.assert_close(weights, finals[1][name], atol=1e-5, rtol=1e-4)


def test_a_run_equals_a_plain_pytorch_loop_bit_for_bit(small, tmp_path):
    text, b, t, epochs = random_text(2000), 4, 20, 2
    config = small(
        text,
        "cell=lstm",
        "optimizer=adamw",
        "optimizer.lr=0.02",
        "optimizer.betas=[0.9,0.99]",
        "optimizer.weight_decay=0.05",
        "scheduler=one_cycle",
        "scheduler.warmup=0.2",
        "scheduler.final=0.1",
        "trainer.gradient_clip_val=0.1",
        "trainer.log_every_n_steps=1",
        f"trainer.max_epochs={epochs}",
        "seed=3",
    )
    train(config, tmp_path / "run")

    alphabet = sorted(set(text))
    tokens = torch.tensor([alphabet.index(character) for character in text[: int(2000 * 0.8)]])
    steps = (len(tokens) - 1) // (b * t)
    streams = tokens[: b * steps * t].view(b, -1)
    following = tokens[1 : b * steps * t + 1].view(b, -1)
    torch.manual_seed(3)
    model = CharRNN(len(alphabet), "lstm", embedding_dim=4, hidden_size=8)
    options = {"lr": 0.02, "betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0.05}
    optimizer = torch.optim.AdamW(model.parameters(), **options, fused=True)
    losses, norms, total, step = [], [], epochs * steps, 0
    rise = 0.2 * total
    for _ in range(epochs):
        state = None
        for start in range(0, steps * t, t):
            if step < rise:
                factor = (step + 1) / (rise + 1)
            else:
                factor = 0.1 + 0.9 * (1 + math.cos(math.pi * (step - rise) / (total - rise))) / 2
            optimizer.param_groups[0]["lr"] = 0.02 * factor
            optimizer.zero_grad()
            hidden, state = model.rnn(model.embedding(streams[:, start : start + t]), state)
            state = tuple(part.detach() for part in state)
            logits = model.output(hidden)
            loss = F.cross_entropy(logits.reshape(-1, len(alphabet)), following[:, start : start + t].reshape(-1))
            loss.backward()
            norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1).item())
            optimizer.step()
            losses.append(loss.item())
            step += 1

    weights = read_checkpoint(tmp_path / "run" / "checkpoints" / "last.ckpt").weights
    for name, expected in model.state_dict().items():
        assert torch.equal(weights[name], expected), name
    with open(tmp_path / "run" / "metrics.csv", encoding="utf-8") as file:
        logged = list(csv.DictReader(file))
    assert step == 38
    assert [float(row["train/loss"]) for row in logged] == losses
    assert [float(row["grad_norm"]) for row in logged] == norms
    assert max(norms) > 0.1  # so that clipping has something to do


def test_a_row_shows_the_learning_rate_of_its_own_step(small, tmp_path):
    config = small(random_text(2000), "trainer.log_every_n_steps=1", "trainer.max_epochs=1", "scheduler.warmup=0.2")
    summary = train(config, tmp_path / "run")
    with open(tmp_path / "run" / "metrics.csv", encoding="utf-8") as file:
        shown = [float(row["lr"]) for row in csv.DictReader(file)]
    total = summary["steps"]
    peak = config.optimizer.lr
    assert shown == pytest.approx([peak * lr_factor(config.scheduler, step, total, total) for step in range(total)])
