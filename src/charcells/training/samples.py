"""Writes samples of the model during training to samples.jsonl."""

import json
import logging
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from charcells.config import Config
from charcells.runs.folder import RunFolder
from charcells.text.vocabulary import Vocabulary
from charcells.training.record import Record, keep_lines
from charcells.training.run_module import RunModule
from charcells.writing.generator import TextGenerator

log = logging.getLogger(__name__)

LOGGED_LENGTH = 200
"""Characters of a sample that are logged."""


class Samples(Callback):
    """Writes samples to samples.jsonl and to the log: at each validation, or ten times per run without held-out text.

    Args:
        folder: the run folder.
        config: `samples` determines what to write. Every sample is drawn with the run's seed, so that they only differ
            because of the training.
        vocabulary: of the model.
        prompts: the beginnings of the samples.
        record: checks for divergence before a sample is drawn.
    """

    def __init__(
        self, folder: RunFolder, config: Config, vocabulary: Vocabulary, prompts: list[str], record: Record
    ) -> None:
        self.path = folder.samples
        self.config = config.samples
        self.seed = config.seed
        self.vocabulary = vocabulary
        self.prompts = prompts
        self.record = record

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero:
            keep_lines(self.path, lambda line: json.loads(line)["step"], trainer.global_step)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._write(trainer, pl_module)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        assert isinstance(pl_module, RunModule)
        if trainer.enable_validation or pl_module.within_step:
            return
        every = -(-pl_module.length.total_steps // 10)
        if trainer.global_step % every == 0 or trainer.should_stop:
            self._write(trainer, pl_module)

    def _write(self, trainer: Trainer, module: LightningModule) -> None:
        assert isinstance(module, RunModule)
        config = self.config
        if config.length == 0:
            return
        self.record.check(trainer)
        if not trainer.is_global_zero:
            return
        training = module.model.training
        module.model.eval()
        for prompt in self.prompts:
            text = TextGenerator(module.model, self.vocabulary, prompt, normalize=False).generate(
                length=config.length, temperature=config.temperature, top_k=config.top_k, seed=self.seed
            )
            record = {
                "step": trainer.global_step,
                "chars_seen": module.length.seen(trainer.global_step),
                "prompt": prompt,
                "temperature": config.temperature,
                "top_k": config.top_k,
                "text": text,
            }
            # UTF-8 cannot encode a lone surrogate; backslashreplace turns it into a valid JSON escape
            with open(self.path, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
            beginning = text[:LOGGED_LENGTH].replace("\n", "⏎ ").encode("utf-8", "backslashreplace").decode()
            log.info("sample at step %d: %s", record["step"], beginning)
        module.model.train(training)
