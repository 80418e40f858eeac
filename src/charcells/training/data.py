"""The data of a run: those of its task."""

import dataclasses

from charcells.config import Config
from charcells.data.module import CharDataModule
from charcells.data.reviews import ReviewDataModule
from charcells.errors import UserError

RunData = CharDataModule | ReviewDataModule


def load_data(config: Config) -> RunData:
    """The text or the reviews of a run, set up. Raises UserError if they cannot be loaded."""
    options = dataclasses.asdict(config.data)
    data: RunData
    if config.task == "classify":
        data = ReviewDataModule(config.corpus, config.reviews, config.corpora_dir, config.seed, **options)
    else:
        data = CharDataModule(config.corpus, config.corpora_dir, config.seed, **options)
    try:
        data.setup()
    except MemoryError as error:
        raise UserError(
            f"corpus={config.corpus.name} is too large for this machine's memory: corpus.max_chars= shortens it"
        ) from error
    data.train_batches.limit(config.trainer.limit_train_batches, config.trainer.accumulate_grad_batches)
    return data
