"""Build the network of a run and its module from a configuration and data; the prompts of a language model."""

import logging
from collections.abc import Callable
from typing import Any

import torch

from charcells.config import Config
from charcells.data.module import CharDataModule
from charcells.data.reviews import ReviewDataModule
from charcells.errors import UserError
from charcells.models.cells import check_contract
from charcells.models.char_rnn import CharRNN, match_hidden_size
from charcells.models.checkpoint import ClassifierDescription, Description, read_checkpoint
from charcells.models.classifier import Classifier
from charcells.models.recurrence import CompiledRecurrence
from charcells.runs.folder import checkpoint_file
from charcells.text.encodings import normalize
from charcells.text.vocabulary import Vocabulary, name_characters
from charcells.training.classification import ReviewRunModule
from charcells.training.length import RunLength
from charcells.training.machine import Numbers, check_memory
from charcells.training.optimization import check_optimizer
from charcells.training.run_module import CharRunModule

log = logging.getLogger(__name__)


def build(config: Config, data: CharDataModule, prompt: str, init_from: str | None) -> CharRunModule:
    """Build the module of a language model, with new initial weights or those of the run `init_from`.

    Raises UserError if the model does not fit into memory or does not match `init_from`.
    """
    options = _options(config)
    logits = config.data.batch_size * config.data.seq_len * len(data.vocabulary)
    needs = Numbers(logits, f"logits (data.batch_size × data.seq_len × {len(data.vocabulary):,} characters)")
    model: CharRNN = _network(config, CharRNN, len(data.vocabulary), options, needs)
    if init_from is not None:
        _init_from(model, options, data.vocabulary, init_from)
    corpus = data.text.corpus
    description = Description(
        options, data.vocabulary.characters, prompt, corpus.name, corpus.sha256, normalize=corpus.normalized
    )
    return CharRunModule(model, config, description, RunLength.of(config, len(data.train_batches)))


def build_classifier(config: Config, data: ReviewDataModule) -> ReviewRunModule:
    """Build the module of a classifier with new initial weights. Raises UserError if it does not fit into memory."""
    model, reviews = config.model, config.reviews
    options = {**_options(config), "bidirectional": model.bidirectional, "head_size": model.head_size}
    longest = int(data.train_batches.lengths.max())
    states = config.data.batch_size * longest * model.hidden_size * model.num_layers * (1 + model.bidirectional)
    needs = Numbers(states, f"states (of a batch of reviews of {longest:,} {reviews.units}; see reviews.max_length)")
    network: Classifier = _network(config, Classifier, len(data.vocabulary), options, needs)
    description = ClassifierDescription(
        options,
        reviews.units,
        list(data.vocabulary.known),
        list(data.split.labels),
        reviews.max_length,
        data.corpus_name,
        data.corpus_sha256,
    )
    length = RunLength.of(config, len(data.train_batches), len(data.split.trained_on))
    return ReviewRunModule(network, config, description, length)


def _options(config: Config) -> dict[str, Any]:
    """The arguments that both networks have, as a checkpoint describes them."""
    model = config.model
    return {
        "cell": config.cell.name,
        "embedding_dim": model.embedding_dim,
        "hidden_size": model.hidden_size,
        "num_layers": model.num_layers,
        "dropout": model.dropout,
        "output_dropout": model.output_dropout,
    }


def _network(
    config: Config, network: Callable[..., Any], vocab_size: int, options: dict[str, Any], needs: Numbers
) -> Any:
    """network(vocab_size, **options) with new initial weights; with `model.match_parameters`, `options` is changed.

    Raises UserError if it does not fit into memory.
    """
    start: dict[str, Any] = {"init": config.model.init, "freeze_second_bias": config.model.freeze_second_bias}
    parameters = config.model.match_parameters
    check_contract(config.cell.name)
    check_optimizer(config.optimizer)
    try:
        if parameters is not None:
            options["hidden_size"] = match_hidden_size(parameters, vocab_size, network=network, **options, **start)
            log.info("model.match_parameters=%d: hidden_size %d", parameters, options["hidden_size"])
        check_memory(network, vocab_size, options, needs)
        torch.manual_seed(config.seed)
        model = network(vocab_size, **options, **start)
    except (RuntimeError, TypeError, OverflowError) as error:  # PyTorch's, for too little memory or absurd sizes
        sizes = [f"{key}={options[key]}" for key in ("hidden_size", "num_layers", "embedding_dim")]
        reason = str(error).splitlines()[0][:120]
        raise UserError(f"model.{' model.'.join(sizes)}: not enough memory for this model ({reason})") from error
    for module in model.rnn.modules():
        if isinstance(module, CompiledRecurrence):
            module.compiled = config.model.compiled
    return model


def sample_prompts(config: Config, data: CharDataModule) -> list[str]:
    """The prompts of the run's samples. Raises UserError for a prompt with characters that are not in the corpus."""
    prompts = config.samples.prompts
    if prompts is None:
        return ["\n" if "\n" in data.vocabulary else data.text.corpus.text[0]]
    if data.text.corpus.normalized:  # read as the corpus was
        prompts = [normalize(prompt) for prompt in prompts]
    for prompt in prompts:
        unknown = data.vocabulary.unknown(prompt)
        if unknown:
            raise UserError(
                f"samples.prompts={prompts}: {name_characters(unknown)} is not in the corpus {data.text.corpus.name}; "
                "choose other prompts, such as samples.prompts=[The]"
            )
    if not all(prompts) or not prompts:
        raise UserError(f"samples.prompts={prompts}: prompts cannot be empty; null chooses one")
    return prompts


def _init_from(model: CharRNN, options: dict[str, Any], vocabulary: Vocabulary, run: str) -> None:
    """Copy the weights of another run, matching characters by name. Characters new to it keep their initial values."""
    checkpoint = read_checkpoint(checkpoint_file(run))
    weights, source_options = checkpoint.weights, checkpoint.description.model
    shape = ("cell", "embedding_dim", "hidden_size", "num_layers")
    different = [
        f"{key} is {source_options[key]} there and {options[key]} here"
        for key in shape
        if source_options[key] != options[key]
    ]
    if different:
        raise UserError(f"init_from={run} has another shape: {'; '.join(different)}. Set the same values here")
    known = Vocabulary(checkpoint.description.characters)
    shared = [character for character in vocabulary.characters if character in known]
    target = torch.from_numpy(vocabulary.encode("".join(shared))).long()
    source = torch.from_numpy(known.encode("".join(shared))).long()
    by_row = {"embedding.weight", "output.weight", "output.bias"}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in by_row:
                parameter[target] = weights[name][source]
            elif name == "rnn.weight_ih_l0" and model.embedding is None:
                parameter[:, target] = weights[name][:, source]
            elif parameter.shape != weights[name].shape:
                raise UserError(
                    f"init_from={run} used one-hot vectors of another vocabulary, and {name} of cell={model.cell} does "
                    "not have one column per character: set model.embedding_dim in both runs"
                )
            elif not parameter.requires_grad and weights[name].any():
                raise UserError(
                    f"init_from={run} has trained the second bias, which model.freeze_second_bias=true keeps at zero"
                )
            else:
                parameter.copy_(weights[name])
    log.info(
        "weights of %s: %d characters shared, %d new, %d dropped",
        checkpoint.path,
        len(shared),
        len(vocabulary) - len(shared),
        len(known) - len(shared),
    )
