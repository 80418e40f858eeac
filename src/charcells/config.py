"""The typed configuration: the one place that defines every option, its default, its limits and its one-line help.

`Config` is the schema for training; every other command that takes options has its own, such as `SampleConfig`.
charcells.cli composes them from conf/ and the command line, and charcells.checks checks the result. No Hydra and no
PyTorch here.
"""

import dataclasses
import types
import typing
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from charcells.registry import CELLS, OPTIMIZERS

PATHS = str | list[str] | None
"""The type of options that name one or several files."""

SCHEDULER_OPTIONS: dict[str, set[str]] = {
    "constant": set(),
    "one_cycle": {"warmup", "final"},
    "exponential": {"gamma", "hold_epochs"},
    "plateau": {"factor", "patience"},
}
"""The schedulers and the options of each."""


RATES = (
    "optimizer.lr",
    "optimizer.weight_decay",
    "scheduler.gamma",
    "scheduler.hold_epochs",
    "scheduler.warmup",
    "scheduler.final",
    "trainer.gradient_clip_val",
)
"""Options of a step that may change when a run is resumed. Its summary then has `resumed_from`."""


def option(
    default: Any,
    help: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: Collection[str] | None = None,
    kind: Any = None,
) -> Any:
    """A dataclass field with help and limits. Limits apply to each element of a list, and not to None.

    `kind` is the type of a field that has to be annotated as Any, because OmegaConf knows no unions with lists.
    """
    metadata = {
        "help": help,
        "at_least": at_least,
        "at_most": at_most,
        "above": above,
        "below": below,
        "choices": choices,
        "kind": kind,
    }
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(kw_only=True, slots=True)
class CellConfig:
    name: str = option("???", "recurrent cell", choices=CELLS)
    lr: float = option("???", "peak learning rate that suits the cell; `optimizer.lr` follows it", above=0)


OWN = "file"
"""Name of the corpus for texts of the user's own (conf/corpus/file.yaml), which are called by their files' names."""


@dataclass(kw_only=True, slots=True)
class CorpusConfig:
    name: str = option("???", "name of the corpus")
    title: str | None = option(None, "full title")
    language: str | None = option(None, "language code")
    licence: str | None = option(None, "licence of the text")
    attribution: str | None = option(None, "who must be credited when the text is used")
    url: str | None = option(None, "pinned address of the file")
    sha256: str | None = option(None, "SHA-256 of the file; a file with any other hash is rejected")
    file: str | None = option(None, "file name in corpora_dir and in the cache")
    path: Any = option(
        None,
        "text to read instead of looking for `corpus.file`: a file, a folder, a pattern such as books/*.txt, or a list "
        "of them; also .gz, .xz, .bz2, .zst",
        kind=PATHS,
    )
    val_path: Any = option(
        None,
        "validation text, in the same forms, if it is not to be cut from the corpus by `data.val_fraction`",
        kind=PATHS,
    )
    test_path: Any = option(
        None, "test text, in the same forms, if it is not to be cut from the corpus by `data.test_fraction`", kind=PATHS
    )
    encoding: str = option("utf-8", "encoding of the files")
    normalize: bool = option(True, "drop a byte-order mark, read CRLF as LF, compose accents (Unicode NFC)")
    strip_boilerplate: bool = option(False, "cut Project Gutenberg's header and footer")
    max_chars: int | None = option(None, "keep only this many characters from the beginning", at_least=2)


@dataclass(kw_only=True, slots=True)
class ModelConfig:
    embedding_dim: int | None = option(64, "size of the character embedding; null feeds one-hot vectors", at_least=1)
    hidden_size: int = option(128, "units of each recurrent layer", at_least=1)
    num_layers: int = option(1, "recurrent layers, one on top of the other", at_least=1)
    dropout: float = option(0.0, "dropout between the layers and before the output", at_least=0, below=1)
    output_dropout: float | None = option(
        None, "dropout before the output only; null: the same as `model.dropout`", at_least=0, below=1
    )
    init: str = option(
        "orthogonal",
        "initial values: orthogonal recurrent weights, scaled input weights and zero biases; PyTorch's own; Keras' own "
        "with Glorot recurrent weights; or all weights from N(0, 0.01²)",
        choices=("orthogonal", "torch", "keras", "normal"),
    )
    freeze_second_bias: bool = option(
        False, "keep the second of PyTorch's two bias vectors at zero, since the published equations have only one"
    )
    match_parameters: int | None = option(
        None, "choose the hidden size whose parameter count is closest to this number", at_least=1
    )
    bidirectional: bool = option(False, "classifier: also read the text backwards, with as many units again")
    head_size: int | None = option(
        None,
        "classifier: units of a layer with ReLU between the last state and the output; null: no such layer",
        at_least=1,
    )
    compiled: bool = option(
        True,
        "train RNN and GRU on a CPU with compiled loops, much faster with few streams; false: with PyTorch's own",
    )


@dataclass(kw_only=True, slots=True)
class DataConfig:
    batch_size: int = option(16, "streams (or windows) in a batch", at_least=1)
    seq_len: int = option(64, "characters per window; gradients reach no further back", at_least=1)
    stride: int | None = option(
        None, "windows: characters from the start of one window to the start of the next; null: seq_len", at_least=1
    )
    sampling: str = option(
        "streams",
        "streams: contiguous text, one window after another; windows: shuffled windows; overlapping: windows that "
        "begin at every character, in text order",
        choices=("streams", "windows", "overlapping"),
    )
    carry_state: bool | None = option(
        None,
        "carry the hidden state over to the next batch; null: yes for streams, no otherwise. Only in streams does the "
        "next window begin where the last one ended: overlapping windows begin batch_size characters later, not "
        "seq_len, and shuffled ones anywhere",
    )
    reset_state: str = option(
        "epoch",
        "when a carried state is reset to zeros: at the start of each epoch, or never",
        choices=("epoch", "never"),
    )
    train_fraction: float = option(1.0, "share of the training text to train on", above=0, at_most=1)
    train_offset: float = option(0.0, "where that share begins, as a share of the training text", at_least=0, below=1)
    val_fraction: float = option(
        0.1, "share of the corpus held out for validation, after the training text", at_least=0, below=1
    )
    test_fraction: float = option(
        0.1, "share of the corpus held out for the final test, at its end", at_least=0, below=1
    )


@dataclass(kw_only=True, slots=True)
class ReviewsConfig:
    """How labelled texts are read, for a classifier."""

    units: str = option(
        "words",
        "what a token is: a word in lower case, or a character as it is written",
        choices=("words", "characters"),
    )
    min_count: int = option(
        1, "units that occur less often in the training part are all read as one unknown unit", at_least=1
    )
    max_length: int = option(1000, "longest review, in units; of a longer one only the end is read", at_least=1)
    text_column: str = option("text", "corpus=file: the column with the texts")
    label_column: str = option("label", "corpus=file: the column with the labels, of which there must be two")


@dataclass(kw_only=True, slots=True)
class OptimizerConfig:
    """Options that an optimizer does not have are None; setting one is an error."""

    name: str = option("???", "optimizer", choices=OPTIMIZERS)
    lr: float = option("???", "learning rate (its peak if a scheduler changes it)", above=0)
    weight_decay: float | None = option(None, "weight decay", at_least=0)
    betas: list[float] | None = option(None, "adam, adamw: decay rates of the two moments", at_least=0, below=1)
    eps: float | None = option(None, "term added to the denominator", at_least=0)
    alpha: float | None = option(None, "rmsprop: decay rate of the squared gradient", at_least=0, below=1)
    momentum: float | None = option(None, "rmsprop, sgd: momentum", at_least=0, below=1)
    initial_accumulator_value: float | None = option(
        None, "adagrad: initial value of the sum of squared gradients", at_least=0
    )


@dataclass(kw_only=True, slots=True)
class SchedulerConfig:
    """Options that a scheduler does not have are None; setting one is an error."""

    name: str = option("???", "learning-rate schedule", choices=SCHEDULER_OPTIONS)
    warmup: float | None = option(
        None, "one_cycle: share of all steps during which the rate rises", at_least=0, below=1
    )
    final: float | None = option(None, "one_cycle: final rate, as a share of the peak", at_least=0, at_most=1)
    gamma: float | None = option(None, "exponential: factor per epoch", above=0, at_most=1)
    hold_epochs: int | None = option(None, "exponential: epochs at the peak rate before it falls", at_least=1)
    factor: float | None = option(None, "plateau: factor when validation stops improving", above=0, below=1)
    patience: int | None = option(None, "plateau: validations without improvement to wait for", at_least=0)


@dataclass(kw_only=True, slots=True)
class TrainerConfig:
    """Options down to `profiler` have Lightning's names and meanings; the rest are charcells' own."""

    max_epochs: int = option(10, "passes over the training text", at_least=1)
    max_steps: int = option(-1, "stop after this many updates; -1: no limit", at_least=-1)
    max_time: str | None = option(None, "stop after this time, as DD:HH:MM:SS")
    accelerator: str = option("auto", "device kind", choices=("auto", "cpu", "gpu", "mps"))
    devices: int = option(1, "devices that share this run; each takes a part of every batch", at_least=1)
    precision: str = option(
        "32-true",
        "number format; 16-mixed needs a GPU",
        choices=("32-true", "bf16-mixed", "16-mixed", "64-true"),
    )
    gradient_clip_val: float | None = option(1.0, "clip gradients to this limit; null: no clipping", above=0)
    gradient_clip_algorithm: str = option(
        "norm", "clip the norm of the whole gradient, or each value", choices=("norm", "value")
    )
    accumulate_grad_batches: int = option(
        1, "batches whose gradients make one step; those left at the end of an epoch are dropped", at_least=1
    )
    limit_train_batches: int | float = option(
        1.0, "batches of an epoch: a number, such as 500, or a share, such as 0.1", above=0
    )
    val_check_interval: int | float = option(
        1.0,
        "when to validate: after this many batches, such as 500, or this share of an epoch, such as 0.5; the last step "
        "is always validated",
        above=0,
    )
    log_every_n_steps: int = option(50, "steps between two rows of metrics", at_least=1)
    fast_dev_run: int | bool = option(
        False,
        "try the whole run with one step (or this many, instead of max_steps) and as many batches of held-out text; "
        "writes no run folder",
        at_least=0,
    )
    deterministic: bool = option(False, "use only deterministic algorithms (a GPU may use others by default)")
    detect_anomaly: bool = option(False, "stop where a gradient becomes NaN and show the operation; slow")
    profiler: str | None = option(
        None,
        "write where the time goes to fit-profile.txt and test-profile.txt in the run folder",
        choices=("simple", "advanced"),
    )
    loss_reduction: str = option(
        "mean", "minimise the mean loss over the characters of a batch, or the sum", choices=("mean", "sum")
    )
    save_every_epoch: bool = option(False, "keep a checkpoint of every epoch: checkpoints/epoch_0001.ckpt, ...")
    early_stopping_patience: int | None = option(
        None, "stop after this many validations without improvement; null: never", at_least=1
    )


@dataclass(kw_only=True, slots=True)
class LoggerConfig:
    name: str = option("wandb", "where metrics are also sent", choices=("wandb", "tensorboard", "none"))
    project: str = option("charcells", "wandb: project")
    mode: str = option(
        "auto",
        "wandb: auto means WANDB_MODE, or else online if an API key is configured and offline otherwise",
        choices=("auto", "online", "offline", "disabled"),
    )


@dataclass(kw_only=True, slots=True)
class SamplesConfig:
    """The samples that are written at each validation."""

    prompts: list[str] | None = option(
        None, "texts to continue, one sample each; null: a line break, or the first character of the corpus"
    )
    length: int = option(300, "characters per sample; 0: no samples", at_least=0)
    temperature: float = option(0.8, "divides the logits; 0 takes the likeliest character", at_least=0)
    top_k: int | None = option(None, "draw among the k likeliest characters", at_least=1)


TASKS = ("next_character", "classify")
"""What a network may be trained for: to predict the next character of a text, or to tell two kinds of texts apart."""


@dataclass(kw_only=True, slots=True)
class Config:
    task: str = option(
        "next_character",
        "what is learned: the next character of a text, or which of two labels a text has (experiment=film_reviews)",
        choices=TASKS,
    )
    cell: CellConfig = field(default_factory=CellConfig)
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    reviews: ReviewsConfig = field(default_factory=ReviewsConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    scheduler: SchedulerConfig = field(default_factory=SchedulerConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
    logger: LoggerConfig = field(default_factory=LoggerConfig)
    samples: SamplesConfig = field(default_factory=SamplesConfig)
    seed: int = option(1, "seed of initial weights, dropout and shuffling", at_least=0, at_most=2**32 - 1)
    threads: int | str = option(
        "auto", "CPU threads; auto: one for a small model, up to four for a large one", at_least=1, at_most=4096
    )
    corpora_dir: str | None = option(None, "folder with corpus files (or the environment variable CHARCELLS_CORPORA)")
    resume: str | None = option(
        None,
        "run folder to continue exactly where it stopped; latest: the newest run in runs/; auto: begin the run in "
        "hydra.run.dir=, or continue it if it is there",
    )
    init_from: str | None = option(
        None, "run folder or checkpoint whose weights a new run starts from; latest: the newest run in runs/"
    )
    rerun: bool = option(False, "train the finished runs of a sweep again instead of skipping them")


@dataclass(kw_only=True, slots=True)
class SampleConfig:
    run: str = option("???", "run folder, or a checkpoint file; latest: the newest run in runs/")
    prompt: str | None = option(None, "text to continue; null: the prompt of the run's own samples")
    prompt_file: str | None = option(None, "a UTF-8 file with the text to continue, instead of `prompt`")
    length: int = option(500, "characters to generate for each sample", at_least=0)
    stop: list[str] = option([], "end before the first of these texts, such as [CHAPTER,THE END]")
    temperature: float = option(0.8, "divides the logits; 0 takes the likeliest character", at_least=0)
    top_k: int | None = option(None, "draw among the k likeliest characters", at_least=1)
    top_p: float | None = option(
        None,
        "draw among the likeliest characters that together have this probability (nucleus sampling)",
        above=0,
        at_most=1,
    )
    seed: int = option(1, "seed of the first sample; each further sample adds 1", at_least=0, at_most=2**32 - 1)
    num_samples: int = option(1, "number of samples", at_least=1)
    unknown: str = option(
        "error",
        "prompt characters that are not in the model's vocabulary: stop with an error, or leave them out",
        choices=("error", "skip"),
    )
    weights: str = option(
        "float32",
        "precision of the weights while writing, on a CPU: fewer bits are read faster and change the output slightly",
        choices=("float32", "bfloat16", "int8"),
    )
    explain: bool = option(
        False, "mark what was copied from the training text and how surprised the model was, here and in explain.html"
    )
    grid: bool = option(
        False,
        "8 texts for each temperature and top_k of a grid (replaces temperature, top_k, num_samples), written to "
        "grid.csv, .md and .png; can be combined with explain",
    )
    corpora_dir: str | None = option(
        None, "explain, grid: folder with the run's corpus, if the file has moved since training"
    )


@dataclass(kw_only=True, slots=True)
class ScoreConfig:
    run: str = option("???", "run folder, or a checkpoint file; latest: the newest run in runs/")
    file: Any = option(
        None, "the text to score: a file, a folder, a pattern or a list, as for `corpus.path`", kind=PATHS
    )
    text: str | None = option(None, "the text itself, instead of a file")
    encoding: str = option("utf-8", "encoding of the file")
    unknown: str = option(
        "error",
        "characters that are not in the model's vocabulary: stop with an error, or leave them out",
        choices=("error", "skip"),
    )
    json: str | None = option(None, "write the bits of each character and line to this file")
    lines: int = option(20, "lines to show: those that surprise the model most", at_least=0)
    corpora_dir: str | None = option(
        None, "folder with the run's corpus, for the n-gram, if the file has moved since training"
    )


@dataclass(kw_only=True, slots=True)
class ColumnsConfig:
    """The columns of a table that is classified."""

    text_column: str | None = option(None, "table: the column with the texts; null: the one that the run was given")
    label_column: str | None = option(
        None, "table: the column with the labels; null: the one that the run was given, if the table has it"
    )


@dataclass(kw_only=True, slots=True)
class ClassifyConfig:
    run: str = option("???", "run folder of a classifier, or a checkpoint file; latest: the newest run in runs/")
    text: str | None = option(None, "the text itself")
    file: Any = option(
        None,
        "a .tsv or .csv table of texts, or one text: a file, a folder, a pattern or a list, as for `corpus.path`",
        kind=PATHS,
    )
    reviews: ColumnsConfig = field(default_factory=ColumnsConfig)
    explain: bool = option(False, "colour each word by what reading it did to the log-odds of the second label")
    html: str | None = option(None, "explain: write what is shown to this HTML file, too")


@dataclass(kw_only=True, slots=True)
class ProbeConfig:
    run: str = option("???", "run folder of a language model, or a checkpoint file; latest: the newest run in runs/")
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    corpora_dir: str | None = option(None, "folder with the reviews (or the environment variable CHARCELLS_CORPORA)")


@dataclass(kw_only=True, slots=True)
class PageConfig:
    runs: list[str] = option(
        [], "run folders, or checkpoint files, one to four: [one,two,three]; latest: the newest run in runs/"
    )
    sweep: str | None = option(
        None, "instead of runs, a sweep folder: of each cell, and each corpus, the run that is best on validation text"
    )
    out: str = option("page.html", "the file to write")
    weights: str = option(
        "float16",
        "how the weights are kept in the page: fewer bits make it smaller and change the output slightly",
        choices=("float32", "float16", "int8"),
    )
    corpora_dir: str | None = option(None, "folder with the runs' corpus, if the file has moved since training")


@dataclass(kw_only=True, slots=True)
class ExportConfig:
    run: str = option("???", "run folder, or a checkpoint file; latest: the newest run in runs/")
    to: str = option("???", "the folder to write, new or empty; format=hub: the repository, as USER/NAME")
    format: str = option(
        "safetensors",
        "what the model is written as; hub: safetensors, pushed to the Hugging Face hub",
        choices=("safetensors", "onnx", "torchscript", "hub"),
    )


def options(schema: type, prefix: str = "") -> Iterator[tuple[str, dataclasses.Field[Any]]]:
    """Yield each option of a schema as (dotted name, field), in the order of the schema."""
    for item in dataclasses.fields(schema):
        if dataclasses.is_dataclass(item.type):
            yield from options(item.type, f"{prefix}{item.name}.")  # type: ignore[arg-type]
        else:
            yield prefix + item.name, item


def allowed(item: dataclasses.Field[Any]) -> str:
    """The limits of an option in words, such as 'at least 1' or 'one of rnn, gru, lstm'; empty if there are none."""
    if item.metadata["choices"]:
        return "one of " + ", ".join(item.metadata["choices"])
    words = {"at_least": "at least", "above": "above", "below": "below", "at_most": "at most"}
    return " and ".join(f"{word} {item.metadata[key]}" for key, word in words.items() if item.metadata[key] is not None)


def in_words(kind: Any) -> str:
    """The type of an option in words: 'a whole number or null' for `int | None`."""
    if isinstance(kind, types.UnionType):
        return " or ".join(in_words(each) for each in typing.get_args(kind))
    if typing.get_origin(kind) is list:
        return f"a list, each of its values {in_words(typing.get_args(kind)[0])}"
    names = {int: "a whole number", float: "a number", bool: "true or false", str: "text", types.NoneType: "null"}
    return names[kind]


def value_of(config: Any, name: str) -> Any:
    """The value of an option by its dotted name, such as 'model.num_layers'."""
    part: Any = config
    for key in name.split("."):
        part = getattr(part, key)
    return part


def carries_state(data: DataConfig) -> bool:
    """Whether the state at the end of a batch is the start of the next one."""
    return data.sampling == "streams" if data.carry_state is None else data.carry_state
