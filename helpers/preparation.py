"""The settings of a run to its data, and to what a model is trained on, in any framework."""

from pathlib import Path
from typing import NamedTuple

from datasets import DatasetDict
from transformers import PreTrainedTokenizerBase

from helpers import alignment, data, models
from helpers.settings import Settings, as_parameters


class Prepared(NamedTuple):
    """What a training starts from.

    Attributes:
        dataset: Words and tags, as `helpers.data.load` returns them.
        folder: The pretrained model, as `helpers.models.locate` returns it.
        tokenizer: Its tokenizer.
        encoded: The words as labelled subwords, as `helpers.alignment.encode` returns them.
    """

    dataset: DatasetDict
    folder: Path
    tokenizer: PreTrainedTokenizerBase
    encoded: DatasetDict


def load_data(settings: Settings) -> DatasetDict:
    """Load the data of a run.

    Raises:
        ValueError: Data that cannot be loaded; see `helpers.data.load`. The message names the
            parameters of the run.
    """
    try:
        return data.load(
            settings.dataset,
            max_sentences=settings.max_sentences,
            seed=settings.seed,
            revision=settings.dataset_revision,
            **settings.dataset_options,
        )
    except ValueError as error:
        raise ValueError(as_parameters(str(error))) from error


def prepare(settings: Settings) -> Prepared:
    """Load the data and the tokenizer of a run, and turn words into labelled subwords.

    Raises:
        ValueError: Data or a model that cannot be loaded; see `helpers.data` and
            `helpers.models`.
    """
    dataset = load_data(settings)
    folder = models.locate(settings.model, revision=settings.model_revision)
    tokenizer = models.load_tokenizer(folder)
    encoded = alignment.encode(
        dataset,
        tokenizer,
        label_all_subwords=settings.label_all_subwords,
        max_length=settings.max_length,
        stride=settings.stride,
    )
    return Prepared(dataset, folder, tokenizer, encoded)
