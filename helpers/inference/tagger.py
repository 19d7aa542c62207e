"""A trained model to a tagger for text of any length.

A text longer than the model's limit is cut into overlapping windows; each subword is read in the
window where it has most context, and only then are subwords joined to entities, so none is lost
or cut at a seam.
"""

import hashlib
import uuid
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, cast, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence
from transformers import (
    AutoModelForTokenClassification,
    BatchEncoding,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from helpers import models, tagging
from helpers.alignment import tokenize_text, tokenize_words

Entity = dict[str, Any]

_LONGEST_WINDOW = 512  # subwords, for a model without a limit; the cost of more grows squared
_MODEL_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def load_tagger(model_dir: str | Path, *, device: str | torch.device | None = None) -> "Tagger":
    """Turn the folder of a trained model into a tagger.

    Args:
        model_dir: A folder that lesson 3 or 4 wrote, or a fine-tuned model's id on the Hub.
        device: Such as ``"cpu"`` or ``"cuda:1"``; ``None`` is the accelerator where there is
            one.

    Raises:
        helpers.models.ModelError: There is no such model, or it was not trained to tag words.
    """
    if isinstance(model_dir, Path) and not model_dir.is_dir():
        raise models.ModelError(
            f"there is no trained model in {model_dir}; run lesson 3 "
            "(notebooks/03_trainer_finetuning.ipynb) with the same profile first, or give the "
            'name of a fine-tuned model on the Hub, such as "stevhliu/my_awesome_wnut_model"'
        )
    folder = models.locate(str(model_dir))
    if device is None:
        device = torch.accelerator.current_accelerator() or "cpu"
    model = AutoModelForTokenClassification.from_pretrained(folder, use_safetensors=True)
    if tagging.OUTSIDE not in model.config.label2id:
        raise models.ModelError(
            f"{model_dir} has the labels {', '.join(model.config.label2id)} and no "
            f"{tagging.OUTSIDE!r}; it was not trained to tag entities: fine-tune it in lesson 3"
        )
    model = model.to(device)
    if model.device.type == "cpu" and torch.backends.mkldnn.is_available():
        _pack_linear_layers(model)
    return Tagger(model, models.load_tokenizer(folder), version=_version(folder))


def _version(folder: Path) -> str:
    """Tell a model's files from those of any other, and from what is saved over them later."""
    files = [path.resolve() for path in sorted(folder.iterdir()) if path.is_file()]
    state = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr(state).encode()).hexdigest()


class Tagger:
    """A model and its tokenizer, as one call from text or words to entities or tags.

    Attributes:
        model: The token classification model, in evaluation mode.
        tokenizer: Its fast tokenizer.
        stride: Subwords that neighbouring windows of a long text share: a quarter of a window.
        version: The same for two taggers only if they are loaded from the same files.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        version: str | None = None,
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.version = version or uuid.uuid4().hex
        positions = models.n_positions(model.config) or _LONGEST_WINDOW
        limit = min(tokenizer.model_max_length, positions)
        self._max_length = limit
        self.stride = (limit - tokenizer.num_special_tokens_to_add()) // 4
        labels = cast(dict[int, str], model.config.id2label)
        self._names = [labels[index] for index in range(len(labels))]

    # a str is a Sequence[str] to the type checker, so it sees the two as overlapping
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, text_or_texts: str, *, batch_size: int = 32
    ) -> list[Entity]: ...

    @overload
    def __call__(
        self, text_or_texts: Sequence[str], *, batch_size: int = 32
    ) -> list[list[Entity]]: ...

    def __call__(
        self, text_or_texts: str | Sequence[str], *, batch_size: int = 32
    ) -> list[Entity] | list[list[Entity]]:
        """Turn texts of any length into their entities, in the order given.

        A word's tag is that of its first subword, as in a Transformers pipeline with
        ``aggregation_strategy="first"``; on a text that fits the model the result is the same.

        Args:
            text_or_texts: One text or several.
            batch_size: Windows that go through the model at once, sorted by length.

        Returns:
            For one text its entities, for several a list of them for each: dicts with
            ``entity_group``, ``score`` (mean probability over the words, 0 to 1), ``word``,
            ``start`` and ``end`` (characters, end exclusive).

        Raises:
            TypeError: Something that is not a text; it names the place in the list.

        Source: https://huggingface.co/docs/transformers/main_classes/pipelines
        """
        if isinstance(text_or_texts, str):
            return self([text_or_texts], batch_size=batch_size)[0]
        for number, text in enumerate(text_or_texts):
            if not isinstance(text, str):
                raise TypeError(f"text {number} is {type(text).__name__}, not a str: {text!r}")
        encoding, subwords = tokenize_text(
            text_or_texts, self.tokenizer, max_length=self._max_length, stride=self.stride
        )
        ids, scores = self._predict(encoding, batch_size)
        read = np.flatnonzero(subwords.read)
        offsets = np.array([pair for row in encoding.get("offset_mapping", []) for pair in row])
        pieces = np.array([piece for row in encoding["input_ids"] for piece in row])
        return self._entities(
            text_or_texts,
            subwords.sentence[read],
            pieces[read] if len(read) else read,
            offsets[read] if len(read) else np.empty((0, 2), dtype=np.int64),
            ids[read],
            scores[read],
        )

    def tag_words(
        self, sentences: Sequence[Sequence[str]], *, batch_size: int = 32
    ) -> list[list[str]]:
        """Turn sentences of words into exactly one tag for every word.

        A word's tag is that of its first subword; a word that yields no subword is ``O``.

        Args:
            sentences: The words of each sentence; a sentence may have any length.
            batch_size: Windows that go through the model at once, sorted by length.

        Returns:
            The tags of each sentence, in the order given.
        """
        scored = self.score_words(sentences, batch_size=batch_size)
        return [[tag for tag, _ in words] for words in scored]

    def score_words(
        self, sentences: Sequence[Sequence[str]], *, batch_size: int = 32
    ) -> list[list[tuple[str, float]]]:
        """Turn sentences of words into a tag and its probability (0 to 1) for every word.

        A word that yields no subword is ``O`` with probability 0, since no model looked at it.

        Raises:
            TypeError: A sentence that is a text rather than a list of words.
        """
        for number, words in enumerate(sentences):
            if isinstance(words, str):
                raise TypeError(
                    f"sentence {number} is a str; give a list of words, or call the tagger itself "
                    "on running text"
                )
        encoding, subwords = tokenize_words(
            sentences, self.tokenizer, max_length=self._max_length, stride=self.stride
        )
        ids, scores = self._predict(encoding, batch_size)
        counts = np.array([len(words) for words in sentences], dtype=np.int64)
        starts = np.cumsum(counts) - counts
        word_ids = np.full(counts.sum(), self.model.config.label2id[tagging.OUTSIDE])
        word_scores = np.zeros(counts.sum(), dtype=np.float32)
        at = np.flatnonzero(subwords.read & subwords.first)
        words_at = starts[subwords.sentence[at]] + subwords.word[at]
        word_ids[words_at], word_scores[words_at] = ids[at], scores[at]
        tagged = iter(
            zip((self._names[index] for index in word_ids), word_scores.tolist(), strict=True)
        )
        return [list(islice(tagged, count)) for count in counts]

    def _predict(
        self, encoding: BatchEncoding, batch_size: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Run windows through the model, sorted by length.

        Returns:
            The most probable label's id and its probability for every position of every window,
            in the order of the windows.
        """
        rows = encoding["input_ids"]
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        starts = np.cumsum(lengths) - lengths
        ids = np.empty(lengths.sum(), dtype=np.int64)
        scores = np.empty(lengths.sum(), dtype=np.float32)
        padding = {
            "input_ids": self.tokenizer.pad_token_id or 0,
            "attention_mask": 0,
            "token_type_ids": self.tokenizer.pad_token_type_id,
        }
        order = np.argsort(-lengths, kind="stable")
        for batch in np.split(order, range(batch_size, len(order), batch_size)) if rows else []:
            inputs = {
                name: pad_sequence(
                    [torch.tensor(encoding[name][row]) for row in batch],
                    batch_first=True,
                    padding_value=padding[name],
                ).to(self.model.device)
                for name in _MODEL_INPUTS
                if name in encoding
            }
            with torch.inference_mode():
                best = self.model(**inputs).logits.float().softmax(dim=-1).max(dim=-1)
            real = np.arange(lengths[batch[0]]) < lengths[batch, None]
            at = (starts[batch, None] + np.arange(lengths[batch[0]]))[real]
            ids[at], scores[at] = best.indices.cpu().numpy()[real], best.values.cpu().numpy()[real]
        return ids, scores

    def _entities(
        self,
        texts: Sequence[str],
        text: NDArray[np.int64],
        pieces: NDArray[np.int64],
        offsets: NDArray[np.int64],
        ids: NDArray[np.int64],
        scores: NDArray[np.float32],
    ) -> list[list[Entity]]:
        """Join the subwords of all texts, in order, to words and these to entities."""
        found: list[list[Entity]] = [[] for _ in texts]
        if len(text) == 0:
            return found
        new_text = np.diff(text, prepend=-1) != 0
        word_starts = np.flatnonzero(new_text | ~self._continues(texts, text, pieces, offsets))
        word_ends = np.append(word_starts[1:], len(text))

        types = np.array([name.split("-", 1)[-1] for name in self._names])
        begins = np.array([name.startswith("B-") for name in self._names])
        word_types, tag = types[ids[word_starts]], ids[word_starts]
        new_group = new_text[word_starts] | begins[tag]
        new_group[1:] |= word_types[1:] != word_types[:-1]
        group_starts = np.flatnonzero(new_group)
        group_ends = np.append(group_starts[1:], len(word_starts))
        inside = word_types[group_starts] != tagging.OUTSIDE
        for first, last in zip(group_starts[inside], group_ends[inside], strict=True):
            words = slice(first, last)
            bounds = zip(word_starts[words], word_ends[words], strict=True)
            found[text[word_starts[first]]].append(
                {
                    "entity_group": str(word_types[first]),
                    "score": float(scores[word_starts[words]].mean()),
                    "word": self._surface(
                        texts[text[word_starts[first]]],
                        [(pieces[start:end], offsets[start:end]) for start, end in bounds],
                    ),
                    "start": int(offsets[word_starts[first], 0]),
                    "end": int(offsets[word_ends[last - 1] - 1, 1]),
                }
            )
        return found

    def _continues(
        self,
        texts: Sequence[str],
        text: NDArray[np.int64],
        pieces: NDArray[np.int64],
        offsets: NDArray[np.int64],
    ) -> NDArray[np.bool_]:
        """Mark the subwords that continue a word, by the rule of Transformers' pipeline.

        With a WordPiece vocabulary the marker of a continuation makes a subword longer than the
        characters it stands for; without one, a word goes on where no space stands.
        """
        starts, ends = offsets[:, 0], offsets[:, 1]
        backend = self.tokenizer.backend_tokenizer.model
        if getattr(backend, "continuing_subword_prefix", None):
            tokens = self.tokenizer.convert_ids_to_tokens(pieces.tolist())
            marked = np.array([len(token) for token in tokens]) != ends - starts
        else:
            marked = np.array(
                [
                    start > 0 and " " not in texts[index][start - 1 : start + 1]
                    for index, start in zip(text, starts, strict=True)
                ]
            )
        return marked & (pieces != self.tokenizer.unk_token_id)

    def _surface(
        self, text: str, words: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]
    ) -> str:
        """Join the subwords of an entity as the tokenizer writes them, unknown ones as typed."""
        to_string = self.tokenizer.convert_tokens_to_string
        tokens = [
            [
                text[slice(*offset)] if piece == self.tokenizer.unk_token_id else token
                for piece, token, offset in zip(
                    pieces,
                    self.tokenizer.convert_ids_to_tokens(pieces.tolist()),
                    offsets,
                    strict=True,
                )
            ]
            for pieces, offsets in words
        ]
        return str(to_string([to_string(word) for word in tokens]))


class _PackedLinear(torch.nn.Module):
    """A linear layer with its weights laid out once for this processor, by oneDNN.

    The sums are the same up to rounding; a general matrix product lays them out at every call.
    """

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.weight = linear.weight.detach().to_mkldnn()
        self.bias = None if linear.bias is None else linear.bias.detach().to_mkldnn()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = torch.ops.aten.mkldnn_linear(
            inputs.to_mkldnn(), self.weight, self.bias
        )
        return outputs.to_dense()


def _pack_linear_layers(model: torch.nn.Module) -> None:
    """Replace every linear layer of a model that is not trained any further."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, torch.nn.Linear):
                setattr(module, name, _PackedLinear(child))
