"""Build the model and the sample prompts from a configuration and a text."""

import logging
from typing import Any

import torch

from charcells.config import Config
from charcells.data.module import CharDataModule
from charcells.errors import UserError
from charcells.models.cells import check_contract
from charcells.models.char_rnn import CharRNN, match_hidden_size
from charcells.models.checkpoint import Description, read_checkpoint
from charcells.models.recurrence import CompiledRecurrence
from charcells.runs.folder import checkpoint_file
from charcells.text.encodings import normalize
from charcells.text.vocabulary import Vocabulary, name_characters
from charcells.training.length import RunLength
from charcells.training.machine import check_memory
from charcells.training.optimization import check_optimizer
from charcells.training.run_module import CharRunModule

log = logging.getLogger(__name__)


def build(config: Config, data: CharDataModule, prompt: str, init_from: str | None) -> CharRunModule:
    """Build the CharRunModule that a configuration describes, with new initial weights or those of the run `init_from`.

    Raises UserError if the model does not fit into memory or does not match `init_from`.
    """
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
    check_contract(config.cell.name)
    check_optimizer(config.optimizer)
    try:
        if config.model.match_parameters is not None:
            options["hidden_size"] = match_hidden_size(config.model.match_parameters, vocab_size, **options, **start)
            log.info("model.match_parameters=%d: hidden_size %d", config.model.match_parameters, options["hidden_size"])
        check_memory(config, vocab_size, options)
        torch.manual_seed(config.seed)
        model = CharRNN(vocab_size, **options, **start)
    except (RuntimeError, TypeError, OverflowError) as error:  # PyTorch's, for too little memory or absurd sizes
        sizes = [f"{key}={options[key]}" for key in ("hidden_size", "num_layers", "embedding_dim")]
        reason = str(error).splitlines()[0][:120]
        raise UserError(f"model.{' model.'.join(sizes)}: not enough memory for this model ({reason})") from error
    if isinstance(model.rnn, CompiledRecurrence):
        model.rnn.compiled = config.model.compiled
    if init_from is not None:
        _init_from(model, options, data.vocabulary, init_from)
    corpus = data.text.corpus
    description = Description(
        options, data.vocabulary.characters, prompt, corpus.name, corpus.sha256, normalize=corpus.normalized
    )
    return CharRunModule(model, config, description, RunLength.of(config, len(data.train_batches)))


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
