"""A model that any framework trained, to the folder that holds it.

The folder opens with ``from_pretrained`` and holds the weights (safetensors), the configuration
with its tags, the tokenizer, ``tagger.json``, ``metrics.json`` and a model card (``README.md``).
"""

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, DatasetDict
from huggingface_hub import EvalResult, HfApi, ModelCard, ModelCardData, RepoUrl
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from helpers import atomic, data, metrics, words
from helpers.decoding import choose_outside_bias
from helpers.models import ModelError
from helpers.settings import Settings
from helpers.words import DEFAULT, WordRules

_TAGGER = "tagger.json"
_METRICS = "metrics.json"
_LESSONS = {3: "03_trainer_finetuning", 4: "04_tensorflow_finetuning"}

# For the card: what the Hub calls models that have another name here, and what is known of the
# data and models that the profiles name.
_ON_HUB = {"minilm": "sentence-transformers/all-MiniLM-L6-v2"}
_LICENSES = {"minilm": "apache-2.0", "distilbert/distilbert-base-uncased": "apache-2.0"}
_KNOWN_DATA = {"wnut_17": ("en", "cc-by-4.0"), "sample": ("en", "apache-2.0")}
_IN_CARD = ("python", "token-classification-lessons", "transformers", "torch", "tensorflow")


@dataclass(frozen=True)
class TaggerOptions:
    """How a tagger uses a model.

    Attributes:
        word_rules: How its training text was cut into words.
        outside_bias: As for `helpers.decoding.Decoder`.
    """

    word_rules: WordRules = DEFAULT
    outside_bias: float = 0.0


def write_tagger_options(folder: Path, options: TaggerOptions) -> None:
    """Write into a model's folder how a tagger uses it, as ``tagger.json``."""
    content = json.dumps(asdict(options), indent=2, ensure_ascii=False)
    (folder / _TAGGER).write_text(content + "\n", encoding="utf-8")


def read_tagger_options(folder: Path) -> TaggerOptions:
    """Read from a model's folder how a tagger uses it; the default if it does not say.

    Raises:
        helpers.models.ModelError: Its ``tagger.json`` holds something else.
    """
    path = folder / _TAGGER
    if not path.is_file():
        return TaggerOptions()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        word_rules = WordRules.from_dict(content["word_rules"])
        return TaggerOptions(word_rules, float(content["outside_bias"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(
            f"{path} does not say how to use the model ({type(error).__name__}: {error}); "
            "remove it to use the defaults"
        ) from None


def choose_options(
    dataset: DatasetDict, scores: NDArray[np.float32], read: NDArray[np.bool_]
) -> TaggerOptions:
    """Find out how a tagger best uses a trained model.

    Its word-splitting rules are those of the training split. Its bias on ``O`` is the one with
    which F1 on validation is highest, see `helpers.decoding.choose_outside_bias`.

    Args:
        dataset: What the model was trained on.
        scores: Log-probabilities of the labels for the words of the validation split.
        read: For each word whether the model read it.
    """
    validation = dataset["validation"]
    bias = choose_outside_bias(data.tag_names(dataset), scores, read, data.tags(validation))
    return TaggerOptions(words.learn(dataset["train"]["tokens"]), bias)


def of_lesson(settings: Settings, number: int) -> Path:
    """The folder in which lesson 3 or 4, run with these settings, leaves its trained model."""
    return settings.run_dir / _LESSONS[number] / "model"


def scores(split: Dataset, predictions: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Turn the tags that a model gives a split into what `write` takes as its scores.

    They are those of `helpers.metrics.entity_scores`, with surface-form scores and per type, and
    ``f1_interval``, the ends of the interval of F1.
    """
    references = data.tags(split)
    found = metrics.entity_scores(references, predictions, split["tokens"])
    interval = metrics.f1_interval(references, predictions)
    return {**found, "f1_interval": [interval.low, interval.high]}


def fingerprint(dataset: DatasetDict) -> str:
    """Turn the words and tags of all splits into a short text that no other data have.

    A sentence that moves from one split to another changes it, and so does the order.
    """
    digest = hashlib.sha256()
    for name, split in sorted(dataset.items()):
        digest.update(json.dumps([name, list(split["tokens"]), data.tags(split)]).encode())
    return digest.hexdigest()[:16]


def write(
    folder: Path,
    save_model: Callable[[Path], object],
    tokenizer: PreTrainedTokenizerBase,
    dataset: DatasetDict,
    settings: Settings,
    report: Mapping[str, Any],
    options: TaggerOptions,
) -> Path:
    """Write a trained model as a folder that appears complete or not at all.

    Args:
        folder: Where it goes, see `of_lesson`; an older one is replaced.
        save_model: Writes weights and configuration into the folder it is given.
        tokenizer: The model's tokenizer.
        dataset: What it was trained on; `trained_on` recognises it.
        settings: The run's choices.
        report: Scores and times by name; ``report["test"]``, as `scores` returns it, is needed
            for the card.
        options: How a tagger uses the model.

    Returns:
        The folder.
    """
    content = {
        **report,
        "data": {
            "name": _name_of(settings.dataset),
            "sentences": dataset.num_rows,
            "types": sorted({name[2:] for name in data.tag_names(dataset)} - {""}),
            "fingerprint": fingerprint(dataset),
        },
        "settings": settings.to_dict(),
        "date": date.today().isoformat(),
        "versions": _versions(),
    }
    with atomic.folder(folder) as partial:
        save_model(partial)
        tokenizer.save_pretrained(partial)
        write_tagger_options(partial, options)
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (partial / _METRICS).write_text(text, encoding="utf-8")
        model_card(hub_name(folder, settings), settings, content).save(partial / "README.md")
    return folder


def read_report(folder: Path) -> dict[str, Any]:
    """Read what `write` left in a model's folder beside the model; empty if there is nothing."""
    path = folder / _METRICS
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}


def trained_on(folder: Path, dataset: DatasetDict) -> bool | None:
    """Tell whether a model was trained on the very splits of ``dataset``.

    On other data, its training split may hold sentences of this test split, and a score on them
    says nothing.

    Returns:
        ``None`` if the folder does not say.
    """
    known = read_report(folder).get("data")
    return None if known is None else known["fingerprint"] == fingerprint(dataset)


def hub_name(folder: Path, settings: Settings) -> str:
    """The name of a model on the Hub: the given one, or one for its lesson and profile."""
    return settings.hub_model_id or f"{settings.profile}-{folder.parent.name}"


def create_on_hub(folder: Path, settings: Settings) -> RepoUrl:
    """Create the model's repository on the Hub, or find the existing one.

    A training that ends with a `push` starts with this. So you learn at once if you are not logged
    in or may not write there.

    Settings give the model's name there, see `hub_name`, and ``hub_private``. The folder, as
    `write` returns it, need not exist yet.

    Raises:
        ValueError: The Hub does not accept the name; or ``hub_private`` is set, and the repository
            already exists and is public.
        huggingface_hub.errors.HfHubHTTPError: You are not logged in or may not write there.
    """
    api = HfApi()
    name = hub_name(folder, settings)
    repository = api.create_repo(name, private=settings.hub_private, exist_ok=True)
    if settings.hub_private and not api.model_info(repository.repo_id).private:
        raise ValueError(
            f"hub_private=True, but {repository} already exists and is public; choose another "
            "hub_model_id, or make it private on its page, under Settings"
        )
    return repository


def push(folder: Path, settings: Settings) -> str:
    """Share a trained model, with its card and scores, on the Hub, in one commit.

    Called again after an interruption, it uploads what the Hub does not have yet. Until everything
    is there, the Hub shows the earlier version.

    Arguments and errors are those of `create_on_hub`.

    Returns:
        The address of the model's page.
    """
    repository = create_on_hub(folder, settings)
    HfApi().upload_folder(
        repo_id=repository.repo_id, folder_path=folder, commit_message="Upload a trained tagger"
    )
    return str(repository)


def model_card(name: str, settings: Settings, content: Mapping[str, Any]) -> ModelCard:
    """Turn what a run chose and found, as `write` writes it, into a model's card on the Hub."""
    is_folder = Path(settings.model).exists()
    base = None if is_folder else _ON_HUB.get(settings.model, settings.model)
    published = content["data"]["name"] if isinstance(settings.dataset, str) else ""
    on_hub = published == "wnut_17" or "/" in published
    language, data_license = _KNOWN_DATA.get(published, (None, None))
    test, versions = content["test"], content["versions"]
    results = [
        EvalResult(
            task_type="token-classification",
            dataset_type=content["data"]["name"],
            dataset_name=content["data"]["name"],
            dataset_split="test",
            metric_type=metric,
            metric_value=test[metric],
        )
        for metric in ("f1", "precision", "recall")
    ]
    kept = ["the subword embeddings"] * settings.freeze_embeddings
    kept += [f"the lowest {settings.frozen_layers} layers"] * bool(settings.frozen_layers)
    return ModelCard.from_template(
        ModelCardData(
            base_model=base,
            datasets=[published] if on_hub else None,
            eval_results=results,
            language=language,
            library_name="transformers",
            license=_LICENSES.get(settings.model),
            model_name=name,
            pipeline_tag="token-classification",
            tags=["named-entity-recognition"],
        ),
        template_path=str(Path(__file__).with_name("model_card.md.jinja")),
        base_model=f"`{base}`" if base else "A model in a folder",
        data=content["data"],
        data_license=data_license,
        date=content["date"],
        kept=kept,
        language=language,
        name=name,
        repository=_repository(),
        run=settings,
        test=test,
        types=content["data"]["types"],
        versions={key: versions[key] for key in _IN_CARD if key in versions},
    )


def _name_of(dataset: str | Mapping[str, str]) -> str:
    """Name data for a reader on another machine, to whom a folder of this one says nothing."""
    if isinstance(dataset, str):
        return Path(dataset).name if Path(dataset).exists() else dataset
    return ", ".join(Path(file).name for file in dataset.values())


def _versions() -> dict[str, str]:
    """The versions of Python and of all packages."""
    packages = {package.name: package.version for package in importlib.metadata.distributions()}
    return {"python": platform.python_version(), **dict(sorted(packages.items()))}


def _repository() -> str:
    """The address of this package."""
    urls = importlib.metadata.metadata("token-classification-lessons").get_all("Project-URL", [])
    return dict(url.split(", ", 1) for url in urls)["Repository"]
