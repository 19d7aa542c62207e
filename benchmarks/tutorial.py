"""The tutorial's plain code, as its readers run it, with no more repairs than it needs to start.

The repairs: the data comes from `helpers.data`, seqeval is asked directly since ``evaluate.load``
needs the Hub, nothing is pushed there, and the new classifier has a seed, so that a run can be
repeated.

Source: https://huggingface.co/docs/transformers/tasks/token_classification
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from datasets import DatasetDict
from seqeval.metrics import accuracy_score, f1_score, precision_score, recall_score
from transformers import (
    AutoModelForTokenClassification,
    DataCollatorForTokenClassification,
    PreTrainedTokenizerBase,
    Trainer,
    TrainingArguments,
    set_seed,
)


def tokenize(dataset: DatasetDict, tokenizer: PreTrainedTokenizerBase) -> DatasetDict:
    """Turn words into subwords and labels with the tutorial's own function."""

    def tokenize_and_align_labels(examples: dict[str, Any]) -> Any:
        tokenized_inputs = tokenizer(examples["tokens"], truncation=True, is_split_into_words=True)
        labels = []
        for i, label in enumerate(examples["ner_tags"]):
            word_ids = tokenized_inputs.word_ids(batch_index=i)
            previous_word_idx = None
            label_ids = []
            for word_idx in word_ids:
                if word_idx is None:
                    label_ids.append(-100)
                elif word_idx != previous_word_idx:
                    label_ids.append(label[word_idx])
                else:
                    label_ids.append(-100)
                previous_word_idx = word_idx
            labels.append(label_ids)
        tokenized_inputs["labels"] = labels
        return tokenized_inputs

    return dataset.map(tokenize_and_align_labels, batched=True)


def metrics_for(label_list: list[str]) -> Callable[[Any], dict[str, float]]:
    """Make the tutorial's function that scores logits against labels."""

    def compute_metrics(p: Any) -> dict[str, float]:
        logits, labels = p
        predictions = np.argmax(logits, axis=2)
        true_predictions = [
            [label_list[p] for (p, l) in zip(prediction, label, strict=True) if l != -100]  # noqa: E741
            for prediction, label in zip(predictions, labels, strict=True)
        ]
        true_labels = [
            [label_list[l] for l in label if l != -100]  # noqa: E741
            for label in labels
        ]
        return {
            "precision": precision_score(true_labels, true_predictions),
            "recall": recall_score(true_labels, true_predictions),
            "f1": f1_score(true_labels, true_predictions),
            "accuracy": accuracy_score(true_labels, true_predictions),
        }

    return compute_metrics


def trainer(
    folder: Path,
    tokenizer: PreTrainedTokenizerBase,
    tokenized: DatasetDict,
    output_dir: Path,
    *,
    seed: int,
) -> Trainer:
    """Assemble the tutorial's Trainer, which selects on the test split."""
    set_seed(seed)
    label_list: list[str] = tokenized["train"].features["ner_tags"].feature.names
    compute_metrics = metrics_for(label_list)
    model = AutoModelForTokenClassification.from_pretrained(
        folder,
        num_labels=len(label_list),
        id2label=dict(enumerate(label_list)),
        label2id={label: index for index, label in enumerate(label_list)},
    )
    training_args = TrainingArguments(
        output_dir=str(output_dir),
        learning_rate=2e-5,
        per_device_train_batch_size=16,
        per_device_eval_batch_size=16,
        num_train_epochs=2,
        weight_decay=0.01,
        eval_strategy="epoch",
        save_strategy="epoch",
        load_best_model_at_end=True,
        report_to="none",
        seed=seed,
    )
    return Trainer(
        model=model,
        args=training_args,
        train_dataset=tokenized["train"],
        eval_dataset=tokenized["test"],
        processing_class=tokenizer,
        data_collator=DataCollatorForTokenClassification(tokenizer=tokenizer),
        compute_metrics=compute_metrics,
    )
