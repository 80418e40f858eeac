"""train(config, folder): one run from configuration to summary. train.py, sweeps and experiments all call this."""

import ctypes
import dataclasses
import datetime
import importlib.util
import logging
import os
import platform
import secrets
import shlex
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import joblib
import lightning
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import Timer
from lightning.pytorch.loggers import Logger, TensorBoardLogger, WandbLogger
from lightning.pytorch.profilers import PassThroughProfiler
from lightning.pytorch.strategies import DDPStrategy

import charcells
from charcells import baselines
from charcells.callbacks import CheckpointFiles, Checkpoints, EarlyStopping, ProgressBar, Record, Samples
from charcells.cells import CELLS
from charcells.config import RESULTS_VERSION, Config, Interrupted, UserError, identity, save, stop_signals
from charcells.data import CharDataModule
from charcells.files import read_samples, read_summary, remove_drafts, write_atomically, write_summary
from charcells.generation import Description, checkpoint_file, read_checkpoint
from charcells.lock import hold
from charcells.model import CharRNN, count_parameters, count_second_bias, match_hidden_size
from charcells.module import CharLM, total_steps
from charcells.vocabulary import Vocabulary, name_characters

log = logging.getLogger(__name__)

MAX_AUTO_THREADS = 4
"""A single recurrent layer hardly gains from more."""

WORTH_SHARING = 8_000_000
"""Parameters times streams from which a second thread pays; below, it can halve the speed (experiments/LOG.md)."""


MAX_TAG = 64
"""Characters of a tag that W&B accepts."""

FIRST_RANK = "CHARCELLS_FIRST_RANK"
"""Environment variable by which the ranks of a run know the process of the first."""


def train(
    config: Config,
    folder: Path,
    *,
    resume: bool = False,
    progress_bar: bool = False,
    cores: int | None = None,
    group: str | None = None,
    tags: Sequence[str] = (),
) -> dict[str, Any]:
    """Train a model, or go on training it; test the best one; return the summary, which summary.json holds too.

    Args:
        config: a checked configuration.
        folder: the run folder. It is created once nothing in configuration or corpus speaks against the run.
        resume: continue the run in `folder` from its last checkpoint, or from the start where there is none yet.
        progress_bar: show one.
        cores: how many CPU cores this run may use; None: all that there are.
        group: the sweep that it belongs to; W&B groups by it.
        tags: what sets it apart there, such as 'cell=gru'.

    With `trainer.devices` above 1 Lightning starts the same script again for each further device, and all come by here.
    The first rank writes; the others only train, and leave in silence where a run is interrupted or fails.

    Raises UserError for a mistake that the user can mend, a full disk and the like among them; Busy where another
    process is training in the folder; Interrupted once the run was asked to stop and is saved.
    """
    logging.getLogger("charcells").setLevel(logging.INFO)
    rank = _rank(config)
    if rank > 0:
        _end_with_first_rank()
    if not resume and rank == 0:
        _check_new(folder)
    torch.set_flush_denormal(True)  # numbers near zero are rare, and tens of times slower to compute with
    torch.set_num_threads(1)  # initial values must not depend on the number that follows
    data = CharDataModule(config.corpus, config.data, config.corpora_dir, config.seed)
    try:
        data.setup()
    except MemoryError as error:
        raise UserError(
            f"corpus={config.corpus.name} is too large for this machine's memory: corpus.max_chars= takes its beginning"
        ) from error
    last = folder / "checkpoints" / "last.ckpt"
    checkpoint = last if resume and last.exists() else None  # a run killed before its first one starts again
    done = 0  # steps
    if checkpoint is not None:
        start, _, held = read_checkpoint(checkpoint)
        _check_resumable(config, folder, data, start, held["callbacks"])
        done = start.step
    prompts = _prompts(config, data)
    module = _build(config, data, prompts[0], init_from=config.init_from if checkpoint is None else None)
    _check_means(config)
    if config.threads == "auto":
        parameters, devices = count_parameters(module.model), config.trainer.devices
        config = dataclasses.replace(
            config, threads=auto_threads(parameters, config.data.batch_size, cores, devices=devices)
        )
    torch.set_num_threads(int(config.threads))
    keep_freed_memory()  # from here on: the text and what it was made of are loaded
    summary = _summary(config, data, module)
    if checkpoint is not None:  # what is known stays known until there is more
        before = read_summary(folder)
        summary |= {key: value for key, value in before.items() if summary.get(key, 0) is None}
        summary["error"] = None
        summary["resumed_from"] = _resumed_from(before, summary, config)
    with _recorded(folder, config, summary, resume), _logger(config, folder, summary, group, tags) as logger:
        record = Record(folder, config)
        checkpoints = Checkpoints(folder, record)
        samples = Samples(folder, config, data.vocabulary, prompts, record)
        callbacks: list[Callback] = [record, samples, checkpoints]
        if config.trainer.early_stopping_patience is not None:
            callbacks.insert(1, EarlyStopping(config.trainer.early_stopping_patience))
        if config.trainer.max_time is not None:
            callbacks.insert(0, Timer(_duration(config.trainer.max_time), verbose=False))
        if progress_bar:
            callbacks.append(ProgressBar(record, refresh_rate=10))
        trainer = _trainer(config, folder, data, logger, callbacks)
        device = trainer.strategy.root_device
        kind = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
        summary["device"] = kind if trainer.world_size == 1 else f"{trainer.world_size} × {kind}"
        log.info("%s %s", "resuming" if checkpoint else "training", _describe(summary, len(data.train_batches)))
        # Lightning's own use of torch, not the user's concern
        warnings.filterwarnings("ignore", ".*isinstance\\(treespec, LeafSpec\\).*")
        try:
            trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True)
        finally:  # an interrupted run says how far it came
            steps, seconds = trainer.global_step, record.train_seconds
            if steps >= done:  # else it ended before the checkpoint was restored, and what was known stays true
                summary |= {
                    "epochs": steps / len(data.train_batches),
                    "steps": steps,
                    "chars_seen": steps * record.chars_per_step,
                    "train_seconds": round(seconds, 3),
                    "chars_per_second": round(steps * record.chars_per_step / seconds) if seconds else None,
                    "train/loss": record.latest.get("train/loss"),
                    **checkpoints.best,
                }
        summary |= _test(trainer, module, data, folder)
        if rank == 0:
            from charcells import plots  # matplotlib is slow to start, and a refused run has no need of it

            plots.loss_curve(folder / "metrics.csv", folder / "loss.png", _title(summary))
            _log_results(logger, folder, summary)
    return summary


def keep_freed_memory() -> None:
    """Have the C library keep what a step frees for the next, where it can be told to: glibc.

    It gives large blocks back to the system, which hands them out again page by page, filled with zeros: a fifth of the
    time of an LSTM of 2×512 (experiments/LOG.md).
    """
    if platform.libc_ver()[0] == "glibc":
        mmap_threshold, trim_threshold = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h
        for option in (mmap_threshold, trim_threshold):
            ctypes.CDLL(None).mallopt(option, 2**31 - 1)


def _resumed_from(before: dict[str, Any], now: dict[str, Any], config: Config) -> dict[str, Any] | None:
    """What a resumed run was when it began, where no run from the beginning would give the same as it; else None.

    That is a run that was begun under another RESULTS_VERSION, or with another end where the rate goes by the end.
    """
    if not before:  # its summary has been removed
        return None
    if before["resumed_from"] is not None:
        kept: dict[str, Any] = before["resumed_from"]
        return kept
    same_course = before["identity"] == now["identity"] or config.scheduler.name != "one_cycle"
    if same_course and before["results_version"] == now["results_version"]:
        return None
    return {name: before[name] for name in ("identity", "results_version")}


def _rank(config: Config) -> int:
    """Which of the processes that share the run this is; Lightning starts the others with LOCAL_RANK set."""
    return int(os.environ.get("LOCAL_RANK", 0)) if config.trainer.devices > 1 else 0


def _end_with_first_rank() -> None:
    """Have this process end when the first rank's does: left alone it would wait for it for minutes."""
    first = int(os.environ.get(FIRST_RANK, os.getppid()))

    def follow() -> None:
        while os.getppid() == first:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _check_new(folder: Path) -> None:
    if (folder / "summary.json").exists():
        raise UserError(f"{folder} already holds a run: continue it with resume={folder}, or choose another folder")


class _LogFile(logging.FileHandler):
    """train.log. What it cannot write it leaves out: on a full disk the run ends by its first file that matters."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Have a signal to stop raise Interrupted, where nobody has said what else they are to do."""
    before: dict[int, Any] = {}

    def interrupt(number: int, frame: Any) -> None:
        raise Interrupted(128 + number)

    if threading.current_thread() is threading.main_thread():
        for stop in stop_signals():
            if signal.getsignal(stop) in (signal.SIG_DFL, signal.default_int_handler):
                before[stop] = signal.signal(stop, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _mendable(error: BaseException, folder: Path) -> UserError | None:
    """What the user can do about an error that comes from the machine; None for any other."""
    if isinstance(error, OSError) and error.errno is not None:
        where = f"{folder} could not be written" if error.filename is None else f"{error.filename}"
        return UserError(
            f"{where}: {error.strerror}. What was saved before is whole; once that is mended, "
            f"resume={shlex.quote(str(folder))} goes on from there"
        )
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error):
        return UserError(
            "there is not enough memory: take a smaller data.batch_size, data.seq_len or model.hidden_size "
            f"({str(error).strip().splitlines()[0][:200] if str(error).strip() else 'MemoryError'})"
        )
    return None


@contextmanager
def _recorded(folder: Path, config: Config, summary: dict[str, Any], resume: bool) -> Iterator[None]:
    """Open the run folder and keep others out. Whatever becomes of the run inside, summary.json and train.log tell.

    All this on the first rank alone. Raises UserError where the folder cannot be written, Busy where it is in use.
    """
    if _rank(config) > 0:
        try:
            yield
        except (Interrupted, UserError):
            # All ranks end so, in the same place. No error here: Lightning would kill the first over it, which is just
            # writing what happened.
            sys.exit()
        return

    def write(status: str) -> None:
        summary["status"] = status
        write_summary(folder, summary)

    with ExitStack() as opened:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            opened.enter_context(hold(folder))
            if not resume:  # once more: somebody else may have been quicker
                _check_new(folder)
            for place in (folder, folder / "checkpoints"):
                remove_drafts(place)
            save(config, folder / "config.yaml")  # before any summary: without it a run cannot be resumed
            opened.enter_context(_log_file(folder))
        except OSError as error:
            raise _mendable(error, folder) or error from error
        opened.enter_context(_interruptible())
        try:
            write("running")
            yield
            write("finished")
        except (KeyboardInterrupt, SystemExit):
            with suppress(OSError):
                write("interrupted")
            log.info("interrupted; resume=%s goes on", shlex.quote(str(folder)))
            raise
        except BaseException as error:
            told = _mendable(error, folder) or error
            summary["error"] = str(told) or type(told).__name__
            with suppress(OSError):  # on a full disk it stays as it was
                write("failed")
            log.info("failed: %s", summary["error"], exc_info=not isinstance(told, UserError))
            raise told from (error if told is not error else error.__cause__)


@contextmanager
def _log_file(folder: Path) -> Iterator[None]:
    """Have train.log hold what charcells logs."""
    package_log = logging.getLogger("charcells")
    file = _LogFile(folder / "train.log", encoding="utf-8", errors="backslashreplace")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    package_log.addHandler(file)
    try:
        yield
    finally:
        package_log.removeHandler(file)
        with suppress(OSError):
            file.close()


def _check_resumable(
    config: Config, folder: Path, data: CharDataModule, start: Description, callbacks: Mapping[str, Any]
) -> None:
    """Raise UserError for a checkpoint, with the states of its callbacks, that nothing can be added to."""
    if start.corpus_sha256 != data.corpus.sha256:
        raise UserError(
            f"corpus {data.corpus.name} has changed since this run was started: its SHA-256 was {start.corpus_sha256} "
            f"and is {data.corpus.sha256}. A resumed run needs the same text"
        )
    if read_summary(folder).get("status") != "finished" and (folder / "checkpoints" / "best.ckpt").exists():
        return  # if there is no step left, there is the test
    options, ends = config.trainer, []
    if start.step >= total_steps(config, len(data.train_batches)):
        ends += [f"trainer.max_epochs={options.max_epochs} trainer.max_steps={options.max_steps}"]
    states = {name.partition("{")[0]: state for name, state in callbacks.items()}  # Lightning adds some options in {}
    limit, patience = options.max_time, options.early_stopping_patience
    if limit and "Timer" in states and states["Timer"]["time_elapsed"]["train"] >= _duration(limit).total_seconds():
        ends += [f"trainer.max_time={limit}"]
    if patience and "EarlyStopping" in states and states["EarlyStopping"]["wait_count"] >= patience:
        ends += [f"trainer.early_stopping_patience={patience}"]
    if ends:
        raise UserError(
            f"{folder} has trained {start.step} steps already and {' '.join(ends)} ask for no more: raise what ended it"
        )


def _duration(max_time: str) -> datetime.timedelta:
    days, hours, minutes, seconds = map(int, max_time.split(":"))
    return datetime.timedelta(days, seconds, hours=hours, minutes=minutes)


def _trainer(
    config: Config, folder: Path, data: CharDataModule, logger: Logger | None, callbacks: list[Callback]
) -> Trainer:
    options = config.trainer
    for package in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(package).setLevel(logging.WARNING)
    strategy: str | DDPStrategy = "auto"
    if options.devices > 1:
        # whichever cluster this is, Lightning is to start the processes itself
        strategy = DDPStrategy(cluster_environment=LightningEnvironment())
        os.environ.setdefault("OMP_NUM_THREADS", str(config.threads))  # else Lightning sets another number
        if _rank(config) == 0:
            os.environ[FIRST_RANK] = str(os.getpid())
    return Trainer(
        accelerator=options.accelerator,
        devices=options.devices,
        strategy=strategy,
        precision=options.precision,  # type: ignore[arg-type]
        max_epochs=options.max_epochs,
        max_steps=total_steps(config, len(data.train_batches)),
        gradient_clip_val=options.gradient_clip_val,
        gradient_clip_algorithm=options.gradient_clip_algorithm,
        val_check_interval=options.val_check_interval,
        limit_val_batches=1.0 if data.val_text else 0,
        # Record writes the rows; this only keeps Lightning from warning of short epochs
        log_every_n_steps=min(options.log_every_n_steps, len(data.train_batches)),
        logger=logger or False,
        callbacks=callbacks,
        plugins=[CheckpointFiles()],
        default_root_dir=folder,
        enable_checkpointing=False,
        enable_progress_bar=any(isinstance(callback, ProgressBar) for callback in callbacks),
        enable_model_summary=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        profiler=_NoProfiler(),
    )


class _NoProfiler(PassThroughProfiler):
    """Measures nothing, as Lightning's default does; but that makes a generator for each of forty hooks a step."""

    _nothing = nullcontext()

    def profile(self, action_name: str) -> Any:
        return self._nothing


def _test(trainer: Trainer, module: CharLM, data: CharDataModule, folder: Path) -> dict[str, float]:
    """The test figures of the best checkpoint, whose weights the module holds from here on."""
    _, weights, _ = read_checkpoint(folder / "checkpoints" / "best.ckpt")
    module.model.load_state_dict(weights)
    if not data.test_text:
        return {}
    trainer.test(module, data.test_dataloader(), verbose=False)
    return module.held_out


def _check_means(config: Config) -> None:
    """Raise UserError for a device, a number format, a key or a package that is asked for and is not there."""
    there = {"gpu": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    kind, devices, precision = config.trainer.accelerator, config.trainer.devices, config.trainer.precision
    if there.get(kind, 1) == 0:
        raise UserError(
            f"trainer.accelerator={kind}, but PyTorch sees none here; trainer.accelerator=auto takes what is"
        )
    if kind == "auto":  # what Lightning takes
        kind = next((name for name in ("mps", "gpu") if there[name]), "cpu")
    if devices > there.get(kind, devices):
        raise UserError(
            f"trainer.devices={devices}, but PyTorch sees {there[kind]} {kind} here: take trainer.devices={there[kind]}"
        )
    # with the first Lightning would quietly take bf16-mixed, with the second fail
    if (kind, precision) in (("cpu", "16-mixed"), ("mps", "64-true")):
        raise UserError(f"trainer.precision={precision} does not go with {kind}: take 32-true or bf16-mixed")
    if (kind, precision) == ("cpu", "bf16-mixed") and not _computes_in_bf16(config.cell.name):
        raise UserError(f"trainer.precision={precision}: this CPU has none for cell={config.cell.name}: take 32-true")
    if config.logger.name == "tensorboard" and importlib.util.find_spec("tensorboard") is None:
        raise UserError("logger=tensorboard needs a package more: pip install -e '.[tensorboard]'")
    if config.logger.name == "wandb" and config.logger.mode == "online":
        import wandb

        if not wandb.login(prompt=False, verify=False):
            raise UserError("logger.mode=online needs a key: run `wandb login` first, or leave logger.mode=auto")


def _computes_in_bf16(cell: str) -> bool:
    """Whether this CPU can. On one without AVX-512 oneDNN has no LSTM in bf16, and PyTorch asks it all the same."""
    try:
        with torch.random.fork_rng(devices=[]), torch.autocast("cpu", torch.bfloat16):
            CELLS[cell](input_size=1, hidden_size=1, batch_first=True)(torch.zeros(1, 1, 1))
    except RuntimeError:
        return False
    return True


def auto_threads(parameters: int, batch_size: int, cores: int | None = None, *, devices: int = 1) -> int:
    """The number of CPU threads that trains a model of this size fastest on so many cores (None: all there are).

    Several devices share the cores and the batch; the number is that of each.
    """
    cores = joblib.cpu_count() if cores is None else cores  # knows of affinity and of a container's limits
    worth_sharing = parameters * batch_size // devices >= WORTH_SHARING
    return min(MAX_AUTO_THREADS, max(1, cores // devices)) if worth_sharing else 1


def _build(config: Config, data: CharDataModule, prompt: str, init_from: str | None) -> CharLM:
    """The model that the configuration describes, with its own initial weights or a run's, and what trains it."""
    options: dict[str, Any] = {
        "cell": config.cell.name,
        "embedding_dim": config.model.embedding_dim,
        "hidden_size": config.model.hidden_size,
        "num_layers": config.model.num_layers,
        "dropout": config.model.dropout,
        "output_dropout": config.model.output_dropout,
    }
    start: dict[str, Any] = {"init": config.model.init, "freeze_second_bias": config.model.freeze_second_bias}
    vocab_size = len(data.vocabulary)
    try:
        if config.model.match_parameters is not None:
            options["hidden_size"] = match_hidden_size(config.model.match_parameters, vocab_size, **options, **start)
            log.info("model.match_parameters=%d: hidden_size %d", config.model.match_parameters, options["hidden_size"])
        _check_memory(config, vocab_size, options)
        torch.manual_seed(config.seed)
        model = CharRNN(vocab_size, **options, **start)
    except (RuntimeError, TypeError, OverflowError) as error:  # what PyTorch says of memory and of absurd sizes
        sizes = [f"{key}={options[key]}" for key in ("hidden_size", "num_layers", "embedding_dim")]
        reason = str(error).splitlines()[0][:120]
        raise UserError(f"model.{' model.'.join(sizes)}: no memory for such a model ({reason})") from error
    if init_from is not None:
        _init_from(model, options, data.vocabulary, init_from)
    about = Description(options, data.vocabulary.characters, prompt, data.corpus.name, data.corpus.sha256)
    return CharLM(model, config, about, len(data.train_batches))


def _check_memory(config: Config, vocab_size: int, options: dict[str, Any]) -> None:
    """Raise UserError for what this machine's memory cannot hold, before any of it is taken.

    Counted is what there must be at the very least: weights and gradients, the logits of a batch and their gradients.
    What comes near the limit may still be too much. A GPU says for itself what it cannot hold.
    """
    if torch.cuda.is_available() or not hasattr(os, "sysconf"):
        return

    def parameters(num_layers: int) -> int:
        with torch.device("meta"):  # shapes only: no memory
            model = CharRNN(vocab_size, **{**options, "num_layers": num_layers}, init="torch")
        return sum(parameter.numel() for parameter in model.parameters())

    one, two = parameters(1), parameters(2)  # each layer after the first has as many as the second
    weights = one + (options["num_layers"] - 1) * (two - one)
    logits = config.data.batch_size * config.data.seq_len * vocab_size
    needed, there = 8 * (weights + logits), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        raise UserError(
            f"this run needs at least {needed / 1e9:,.0f} GB of memory and the machine has {there / 1e9:,.0f}: "
            f"{weights:,} parameters, {logits:,} logits (data.batch_size × data.seq_len × {vocab_size:,} characters)"
        )


def _prompts(config: Config, data: CharDataModule) -> list[str]:
    """What the samples of this run begin with. Raises UserError for a prompt that the model cannot read."""
    prompts = config.samples.prompts
    if prompts is None:
        return ["\n" if "\n" in data.vocabulary else data.corpus.text[0]]
    for prompt in prompts:
        unknown = data.vocabulary.unknown(prompt)
        if unknown:
            raise UserError(
                f"samples.prompts={prompts}: {name_characters(unknown)} is not in corpus={data.corpus.name}; "
                "choose other prompts, such as samples.prompts=[The]"
            )
    if not all(prompts) or not prompts:
        raise UserError(f"samples.prompts={prompts}: an empty prompt begins nothing; null chooses one")
    return prompts


def _init_from(model: CharRNN, options: dict[str, Any], vocabulary: Vocabulary, run: str) -> None:
    """Copy the weights of another run, character by character; characters that it never saw keep initial values."""
    description, weights, _ = read_checkpoint(run)
    shape = ("cell", "embedding_dim", "hidden_size", "num_layers")
    there = description.model
    different = [f"{key} {there[key]} there, {options[key]} here" for key in shape if there[key] != options[key]]
    if different:
        raise UserError(f"init_from={run} is another model: {'; '.join(different)}. Set the same here")
    known = Vocabulary(description.characters)
    shared = [character for character in vocabulary.characters if character in known]
    to = torch.from_numpy(vocabulary.encode("".join(shared))).long()
    source = torch.from_numpy(known.encode("".join(shared))).long()
    by_row = {"embedding.weight", "output.weight", "output.bias"}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in by_row:
                parameter[to] = weights[name][source]
            elif name == "rnn.weight_ih_l0" and model.embedding is None:
                parameter[:, to] = weights[name][:, source]
            elif not parameter.requires_grad and weights[name].any():
                raise UserError(
                    f"init_from={run} has trained the second bias that model.freeze_second_bias=true holds at zero"
                )
            else:
                parameter.copy_(weights[name])
    log.info(
        "weights of %s: %d characters shared, %d new, %d given up",
        checkpoint_file(run),
        len(shared),
        len(vocabulary) - len(shared),
        len(known) - len(shared),
    )


def _title(summary: dict[str, Any]) -> str:
    return f"{summary['corpus']}: {summary['cell']} {summary['num_layers']}×{summary['hidden_size']}"


def _describe(summary: dict[str, Any], steps_per_epoch: int) -> str:
    inputs = f"embedding {summary['embedding_dim']}" if summary["embedding_dim"] else "one-hot input"
    return (
        f"{_title(summary)}, {inputs}, {summary['parameters']:,} parameters "
        f"({summary['parameters_second_bias']:,} of them PyTorch's second bias); "
        f"{summary['train_chars']:,} characters, {summary['batch_size']}×{summary['seq_len']} a step, "
        f"{steps_per_epoch:,} steps an epoch"
    )


def _summary(config: Config, data: CharDataModule, module: CharLM) -> dict[str, Any]:
    """The summary as far as it is known before training; the rest stands as None."""
    model = module.model
    return {
        "status": None,
        "cell": model.cell,
        "num_layers": model.num_layers,
        "hidden_size": model.hidden_size,
        "embedding_dim": model.embedding_dim,
        "parameters": count_parameters(model),
        "parameters_second_bias": count_second_bias(model),
        "batch_size": config.data.batch_size,
        "seq_len": config.data.seq_len,
        "train_fraction": config.data.train_fraction,
        "seed": config.seed,
        "corpus": data.corpus.name,
        "corpus_sha256": data.corpus.sha256,
        "train_chars": data.train_chars,
        "val_chars": len(data.val_text),
        "test_chars": len(data.test_text),
        "val_sha256": data.val_sha256,
        "vocab_size": len(data.vocabulary),
        **dict.fromkeys(("epochs", "steps", "chars_seen", "train_seconds", "chars_per_second", "train/loss")),
        **dict.fromkeys(("val/loss", "val/bpc", "val/accuracy", "best_step", "test/loss", "test/bpc", "test/accuracy")),
        **_baseline(data),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "lightning": lightning.__version__,
            "charcells": charcells.__version__,
            "git": _git_commit(),
        },
        "identity": identity(config, data.corpus.sha256),
        "results_version": RESULTS_VERSION,
        "resumed_from": None,
        "device": None,
        "threads": config.threads,
        "error": None,
    }


def _baseline(data: CharDataModule) -> dict[str, Any]:
    """The n-gram model to be beaten on this text and split, where `python -m charcells.baselines` has measured one."""
    result = baselines.cached(data.corpus.text, data.split, data.train_range)
    row = (baselines.best(result) if result is not None else None) or {}
    return {f"ngram/{key}": row.get(key) for key in ("order", "val/bpc", "test/bpc")}


def _git_commit() -> str | None:
    try:
        command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=40"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


class WandbMirror(WandbLogger):
    """W&B's logger, on which no run depends: once its service is gone it says so, and is silent from then on."""

    lost = False

    def attempt(self, action: Callable[[], Any]) -> None:
        """Do something with W&B, if it is still there."""
        if self.lost:
            return
        try:
            action()
        except Exception as error:  # of W&B, of asyncio, of a socket: they have no common base
            self.lost = True
            log.warning("W&B is gone (%s); the run goes on without it", str(error) or type(error).__name__)
            import wandb

            with suppress(Exception):  # else it would try once more when the process ends
                wandb.teardown(exit_code=1)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        log_metrics = super().log_metrics
        self.attempt(lambda: log_metrics(metrics, step))


@contextmanager
def _logger(
    config: Config, folder: Path, summary: dict[str, Any], group: str | None, tags: Sequence[str]
) -> Iterator[Logger | None]:
    """The logger asked for, or None; told at the end whether the run succeeded. The first rank alone has one."""
    if _rank(config) > 0:
        yield None
        return
    logger: Logger | None = None
    if config.logger.name == "wandb":
        logger = _wandb_logger(config, folder, summary, group, tags)
    elif config.logger.name == "tensorboard":
        logger = TensorBoardLogger(folder, name="", version="tensorboard")
    status = "failed"
    try:
        yield logger
        status = "success"
    finally:
        if logger is not None:
            logger.finalize(status)
        if isinstance(logger, WandbMirror):
            run = logger.experiment
            if not logger.lost and not Path(run.settings.sync_file).exists():
                log.warning("W&B's record of this run has been removed: %s", run.settings.sync_file)
            logger.attempt(lambda: run.finish(exit_code=0 if status == "success" else 1))


def _wandb_logger(
    config: Config, folder: Path, summary: dict[str, Any], group: str | None, tags: Sequence[str]
) -> WandbMirror:
    """One W&B run for the run folder; a resumed run keeps its identity, which stands in wandb/id.

    Raises UserError where W&B cannot begin.
    """
    import wandb

    mode: Any = config.logger.mode
    if mode == "auto":
        mode = os.environ.get("WANDB_MODE") or ("online" if wandb.login(prompt=False, verify=False) else "offline")
    identity = folder / "wandb" / "id"
    identity.parent.mkdir(exist_ok=True)
    if not identity.exists():
        write_atomically(identity, secrets.token_hex(4) + "\n")
    facts = {key: value for key, value in summary.items() if value is not None and key != "status"}
    try:
        run = wandb.init(
            name=folder.name,
            project=config.logger.project,
            dir=folder,
            id=identity.read_text().strip(),
            resume="allow",
            mode=mode,
            config={**facts, "config": dataclasses.asdict(config)},
            group=group,
            job_type="train",
            tags=[tag for tag in (config.cell.name, config.corpus.name, *tags) if len(tag) <= MAX_TAG],
            settings=wandb.Settings(silent=True, console="off"),
        )
        run.define_metric("*", step_metric="chars_seen")
    except wandb.Error as error:
        raise UserError(f"W&B cannot begin: {' '.join(str(error).split())}. logger=none does without it") from error
    return WandbMirror(experiment=run)


def _log_results(logger: Logger | None, folder: Path, summary: dict[str, Any]) -> None:
    """Hand the samples, the loss picture and the final figures to W&B."""
    if not isinstance(logger, WandbMirror):
        return
    import wandb

    run, samples = logger.experiment, read_samples(folder)

    def hand_over() -> None:
        if samples:
            columns: list[str | int] = list(samples[0])
            run.log({"samples": wandb.Table(columns, [list(sample.values()) for sample in samples])})
        run.log({"loss curve": wandb.Image(str(folder / "loss.png"))})
        run.summary.update({key: value for key, value in summary.items() if "/" in key})

    logger.attempt(hand_over)
