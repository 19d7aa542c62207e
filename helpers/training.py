"""The fine-tuning recipe with 🤗 Trainer: settings to a trained, scored and described model.

Lesson 3 takes these steps one by one and explains them; `fine_tune` takes them all, for
``python -m helpers train`` and the benchmarks.
"""

import logging
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, DatasetDict
from datasets.fingerprint import Hasher
from torch.utils.data import SequentialSampler
from transformers import (
    AutoModelForTokenClassification,
    DataCollatorForTokenClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Trainer,
    TrainingArguments,
    set_seed,
)
from transformers.trainer import TRAINER_STATE_NAME as _WRITTEN_LAST
from transformers.utils import logging as transformers_logging

from helpers import data, metrics, model_folder, models, windows
from helpers.inference import Tagger, has_bf16
from helpers.model_folder import TaggerOptions
from helpers.preparation import prepare
from helpers.settings import Settings

logger = logging.getLogger(__name__)


def embeddings(model: PreTrainedModel) -> torch.nn.Module:
    """Find a model's embeddings: all of them, or the subwords' if they are kept apart."""
    named: torch.nn.Module | None = getattr(model.base_model, "embeddings", None)
    return named or model.get_input_embeddings()  # GPT-2's are apart


def encoder_layers(model: PreTrainedModel) -> torch.nn.ModuleList:
    """Find the stack of layers above a model's embeddings, in any architecture.

    It is empty if the layers are not modules of their own: ALBERT's share their weights, and XLM
    has a list of all attentions, another of all norms, and so on.
    """
    n_layers = model.config.get_text_config().num_hidden_layers
    first, *others = [
        module
        for module in model.base_model.modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) == n_layers
    ] or [torch.nn.ModuleList()]
    side_by_side = set(others) - set(first.modules())
    return torch.nn.ModuleList() if side_by_side else first


def classifier(model: PreTrainedModel) -> torch.nn.Linear:
    """Find the layer that scores the tags, in any architecture."""
    layers = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    return [layer for layer in layers if layer.out_features == model.config.num_labels][-1]


def match_labels(model: PreTrainedModel, folder: str | Path) -> None:
    """Let the tags of a fine-tuned model continue from its labels of the same name.

    ``from_pretrained`` takes a stored classifier row by row, or not at all if it has more or fewer
    rows. Here each tag takes the row of its own label, and a tag without one starts from scratch. A
    model that was not fine-tuned stays as it is. ``folder`` is the one that the model comes from.
    """
    layer = classifier(model)
    [name] = [name for name, module in model.named_modules() if module is layer]
    names = [str(label) for _, label in sorted((model.config.id2label or {}).items())]
    stored = models.stored_rows(folder, name, "pt", names)
    if not stored:
        return
    with torch.no_grad():
        layer.weight.normal_(std=getattr(model.config, "initializer_range", 0.02))
        if layer.bias is not None:
            layer.bias.zero_()
        for index, tag in enumerate(names):
            if tag in stored:
                layer.weight[index], bias = stored[tag]
                if layer.bias is not None:
                    layer.bias[index] = bias


def load_model(folder: str | Path, names: Sequence[str], settings: Settings) -> PreTrainedModel:
    """Turn a pretrained model into one with a new layer that scores every tag.

    The subword embeddings, and the lowest ``settings.frozen_layers`` layers above them, stay as
    they were pretrained if the settings say so. Otherwise, a small training split moves only the
    few subwords it contains, away from neighbours that the test split may need.

    Args:
        folder: As `helpers.models.locate` returns it.
        names: The tags, in the order of their ids.
        settings: Gives the seed of the new layer's weights and what to freeze.

    Raises:
        ModelError: The model cannot be opened, cannot tag text, or has fewer layers than
            ``frozen_layers``.
    """
    set_seed(settings.seed)
    model: PreTrainedModel = models.load_for_tags(
        AutoModelForTokenClassification, folder, names, dtype=torch.float32
    )
    match_labels(model, folder)
    _try(model)
    if settings.freeze_embeddings:
        embeddings(model).requires_grad_(False)
    for layer in models.lowest_layers(encoder_layers(model), settings.frozen_layers):
        layer.requires_grad_(False)
    return model


def _try(model: PreTrainedModel) -> None:
    """Tag a few subwords, since some models want more than text, such as places on a page."""
    ids = torch.ones((1, 8), dtype=torch.long)
    try:
        with torch.no_grad():
            model(input_ids=ids, attention_mask=ids)
    except Exception as error:  # each architecture misses its inputs in its own way
        raise models.ModelError(
            f"{type(model).__name__} cannot tag text alone: {error}; choose another model"
        ) from error
    if not has_bf16(torch.accelerator.current_accelerator() or "cpu"):
        return
    try:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            model(input_ids=ids, attention_mask=ids)
    except RuntimeError as error:
        raise models.ModelError(
            f"{type(model).__name__} cannot compute in bf16, in which this device trains: {error}; "
            "choose another model"
        ) from error


def arguments(settings: Settings, output_dir: str | Path) -> TrainingArguments:
    """Turn settings into Trainer's arguments, with ``output_dir`` for checkpoints.

    If the device computes in bf16 natively, layers do too; weights and their updates stay in fp32.
    """
    processes = int(os.environ.get("WORLD_SIZE", "1"))  # torchrun and accelerate set it
    cpu = not torch.accelerator.is_available()
    device = torch.accelerator.current_accelerator() or "cpu"
    return TrainingArguments(
        output_dir=str(output_dir),
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup_ratio,  # below 1: a share of all steps
        num_train_epochs=settings.epochs,
        weight_decay=settings.weight_decay,
        per_device_train_batch_size=max(1, settings.batch_size // processes),
        per_device_eval_batch_size=64,
        train_sampling_strategy="group_by_length",
        length_column_name="length",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="f1",
        logging_strategy="epoch",
        report_to="none",
        seed=settings.seed,
        bf16=has_bf16(device),
        dataloader_pin_memory=not cpu,
        use_cpu=cpu,
        ddp_backend="gloo" if cpu and processes > 1 else None,
        ddp_find_unused_parameters=False,
    )


class SplitTrainer(Trainer):
    """A Trainer that evaluates the rows of a split in the order they are stored.

    With ``group_by_length`` Trainer shuffles the evaluation rows too, and predictions could no
    longer be matched with words. Sort the split by length instead: it is as fast.
    """

    def _get_eval_sampler(self, eval_dataset: Dataset) -> torch.utils.data.Sampler | None:
        return SequentialSampler(eval_dataset)


def build_trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    dataset: DatasetDict,
    encoded: DatasetDict,
    args: TrainingArguments,
) -> Trainer:
    """Turn a model and its data into a Trainer that selects on the validation split.

    ``dataset`` holds words and tags, for the scores; ``encoded`` is the same, as
    `helpers.alignment.encode` returns it.
    """
    validation = windows.longest_first(encoded["validation"])
    return SplitTrainer(
        model=model,
        args=args,
        train_dataset=encoded["train"],
        eval_dataset=validation,
        processing_class=tokenizer,
        data_collator=DataCollatorForTokenClassification(tokenizer),
        compute_metrics=metrics.compute_metrics(
            validation, data.tags(dataset["validation"]), data.tag_names(dataset)
        ),
        preprocess_logits_for_metrics=metrics.predicted_ids,
    )


def checkpoint_dir(settings: Settings, dataset: DatasetDict) -> Path:
    """The folder for the checkpoints of a run; another recipe or other data has another folder.

    So a run that was interrupted continues from its own last checkpoint and from no other's.
    """
    recipe = {
        name: value
        for name, value in settings.to_dict().items()
        if name != "output_dir" and "hub" not in name
    }
    key = Hasher.hash([recipe, model_folder.fingerprint(dataset)])
    return model_folder.of_lesson(settings, 3).with_name("checkpoints") / key


def train(trainer: Trainer) -> float:
    """Train, from the last checkpoint if an earlier run was interrupted.

    Returns:
        Seconds that this part of the training took.

    Raises:
        KeyboardInterrupt: It was interrupted; the message says how to continue.
    """
    checkpoints = Path(trainer.args.output_dir or "")
    last = _last_checkpoint(checkpoints)
    if last:
        logger.warning("continuing from %s", last.name)
    start = time.perf_counter()
    try:
        with _without_bars():  # of each checkpoint's file; Trainer shows one of the whole
            trainer.train(resume_from_checkpoint=str(last) if last else None)
    except KeyboardInterrupt:
        last = _last_checkpoint(checkpoints)
        how = (
            f"; run it again with the same settings to continue from {last.name}"
            if last
            else " before its first checkpoint; to start again, run the lesson from the top"
        )
        raise KeyboardInterrupt(f"training was interrupted{how}") from None
    seconds = time.perf_counter() - start
    # Trainer lets a model compute in bf16 for good; what is saved, and scored next, is in fp32
    trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    return seconds


def _last_checkpoint(folder: Path) -> Path | None:
    """Find the last checkpoint that is complete; one that is not was interrupted itself."""
    complete = [path for path in folder.glob("checkpoint-*") if (path / _WRITTEN_LAST).is_file()]
    return max(complete, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


@contextmanager
def _without_bars() -> Iterator[None]:
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def tagger_options(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, dataset: DatasetDict
) -> TaggerOptions:
    """Find out how a tagger best uses a model that was trained on this data set.

    See `helpers.model_folder.choose_options`.
    """
    tagger = Tagger(model, tokenizer)
    return model_folder.choose_options(
        dataset, *tagger.log_probabilities(dataset["validation"]["tokens"])
    )


def score(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    split: Dataset,
    options: TaggerOptions,
) -> dict[str, Any]:
    """Turn a model and a split into its scores over every word of the split.

    They are those of `helpers.model_folder.scores`.
    """
    tagger = Tagger(model, tokenizer, options=options)
    return model_folder.scores(split, tagger.tag_words(split["tokens"]))


def fine_tune(settings: Settings) -> dict[str, Any]:
    """Take every step of lesson 3: data, windows, training, the test score, the saved model.

    Returns:
        ``validation`` and ``test`` scores and ``train_seconds``. Of several processes
        (``torchrun``) the first returns it and the others nothing.

    Raises:
        ValueError: Data or a model that cannot be loaded, see `helpers.data` and
            `helpers.models`; or one that cannot be shared, see `helpers.model_folder`.
        OSError: The Hub does not let you share a model; see `helpers.model_folder`.
    """
    folder = model_folder.of_lesson(settings, 3)
    if settings.push_to_hub:
        model_folder.create_on_hub(folder, settings)
    dataset, pretrained, tokenizer, encoded = prepare(settings)
    model = load_model(pretrained, data.tag_names(dataset), settings)
    checkpoints = checkpoint_dir(settings, dataset)
    trainer = build_trainer(model, tokenizer, dataset, encoded, arguments(settings, checkpoints))
    seconds = train(trainer)
    if not trainer.is_world_process_zero():  # one of several processes scores and saves
        return {}
    options = tagger_options(model, tokenizer, dataset)
    report = {
        "validation": score(model, tokenizer, dataset["validation"], options),
        "test": score(model, tokenizer, dataset["test"], options),
        "train_seconds": seconds,
    }
    model_folder.write(folder, model.save_pretrained, tokenizer, dataset, settings, report, options)
    shutil.rmtree(checkpoints.parent)
    if settings.push_to_hub:
        model_folder.push(folder, settings)
    return report


def trained_model(settings: Settings, dataset: DatasetDict) -> Path:
    """Find the model that lesson 3 left, to score it on a data set, or train it if it left none.

    Raises:
        ModelError: The model that is there was trained on other data.
        ValueError: As `fine_tune`, and so is OSError.
    """
    folder = model_folder.of_lesson(settings, 3)
    if not folder.is_dir():
        fine_tune(settings)
    if not model_folder.trained_on(folder, dataset):
        its_data = model_folder.read_report(folder).get("data", {}).get("sentences", "not recorded")
        raise models.ModelError(
            f"the model in {folder} was trained on other data (sentences: {its_data}) than this "
            f"run loads ({dataset.num_rows}), and may have seen these test sentences in training; "
            "run lesson 3 again with the same parameters as this lesson, or choose another "
            "output_dir; to use this model all the same, give its folder as model_dir"
        )
    return folder
