"""A model that any framework trained, to the folder that holds it.

The folder opens with ``from_pretrained`` and holds the weights (safetensors), the configuration
with its tags, the tokenizer, ``tagger.json``, ``metrics.json`` and a model card (``README.md``).
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi, ModelCard, ModelCardData, RepoUrl

from helpers.models import ModelError
from helpers.settings import Settings
from helpers.words import DEFAULT, WordRules

_TAGGER = "tagger.json"


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


def write(
    folder: Path,
    save_model: Callable[[Path], object],
    settings: Settings,
    report: dict[str, Any],
    word_rules: WordRules,
) -> Path:
    """Write a trained model as a folder that appears complete or not at all.

    Args:
        folder: Where it goes; an older one is replaced.
        save_model: Writes weights, configuration and tokenizer into the folder it is given.
        settings: The run's choices, for the card and ``metrics.json``.
        report: Scores and times by name; ``report["test"]`` is needed for the card.
        word_rules: How the training text was cut into words, for `TaggerOptions`.

    Returns:
        The folder.
    """
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    save_model(partial)
    write_tagger_options(partial, TaggerOptions(word_rules))
    content = {**report, "settings": settings.to_dict()}
    (partial / "metrics.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    model_card(settings, report).save(partial / "README.md")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(partial, folder)
    return folder


def hub_name(folder: Path, settings: Settings) -> str:
    """The name of a model on the Hub: the given one, or one for its lesson and profile."""
    return settings.hub_model_id or f"{settings.profile}-{folder.parent.name}"


def create_on_hub(folder: Path, settings: Settings) -> RepoUrl:
    """Create the model's repository on the Hub, or find the existing one.

    A training that ends with a `push` starts with this. So you learn at once if you are not logged
    in or may not write there.

    Args:
        folder: As `write` returns it; it need not exist yet.
        settings: Gives the model's name there, see `hub_name`, and ``hub_private``.

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

    Args:
        folder: As `write` returns it.
        settings: As for `create_on_hub`.

    Returns:
        The address of the model's page.

    Raises:
        ValueError: As `create_on_hub`.
        huggingface_hub.errors.HfHubHTTPError: As `create_on_hub`.
    """
    repository = create_on_hub(folder, settings)
    HfApi().upload_folder(
        repo_id=repository.repo_id, folder_path=folder, commit_message="Upload a trained tagger"
    )
    return str(repository)


def model_card(settings: Settings, report: dict[str, Any]) -> ModelCard:
    """Turn a run's settings and scores into a model card: data, recipe, scores and limits."""
    test = report["test"]
    published = settings.dataset if isinstance(settings.dataset, str) else ""
    on_hub = published == "wnut_17" or ("/" in published and not Path(published).exists())
    is_folder = Path(settings.model).exists()
    metadata = ModelCardData(
        base_model=settings.model if "/" in settings.model and not is_folder else None,
        library_name="transformers",
        pipeline_tag="token-classification",
        tags=["named-entity-recognition"],
        datasets=[published] if on_hub else None,
    )
    # a path of one machine says nothing to a reader on another
    source = f"`{published}`" if on_hub or published == "sample" else "Files of the author's own"
    model = "A model in a folder" if is_folder else f"`{settings.model}`"
    n = f"at most {settings.max_sentences}" if settings.max_sentences else "all"
    kept = ["the subword embeddings"] * settings.freeze_embeddings
    kept += [f"the lowest {settings.frozen_layers} layers"] * bool(settings.frozen_layers)
    rows = "\n".join(
        f"| {name} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} "
        f"| {row['support']} |"
        for name, row in sorted(test["types"].items())
    )
    return ModelCard(
        f"""---
{metadata.to_yaml()}
---

# Named-entity tagger

Tags each word of a text with an entity type and its place in the entity (IOB2).

## Data

{source}; {n} sentences of each split. The checkpoint
was chosen on the validation split; the test split was scored once.

## Recipe

{model}, fine-tuned for {settings.epochs:g} epochs at a learning rate of
{settings.learning_rate:g} ({settings.warmup_ratio:.0%} warm-up, then linear decay), batches of
{settings.batch_size} sentences grouped by length, weight decay {settings.weight_decay:g}, seed
{settings.seed}. Kept as pretrained: {" and ".join(kept) or "nothing"}.

## Scores on the test split

| | precision | recall | F1 | entities |
|---|---|---|---|---|
{rows}
| all | {test["precision"]:.3f} | {test["recall"]:.3f} | {test["f1"]:.3f} | |

Surface-form F1: {test["surface_f1"]:.3f}. Accuracy over words: {test["accuracy"]:.3f}; a
tagger that finds nothing gets most of it.

## Limits

It is for English user text like its training data; scores on other text are lower. Entities of
rare types and names never seen in training are often missed. Check before you act on a tag.
"""
    )
