"""A trained model to a tagger for text of any length.

A text longer than the model's limit is cut into overlapping windows; each subword is read in the
window where it has most context. Then the tags of all words are decided together, so no entity is
lost or cut between windows.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id
from numpy.typing import NDArray
from scipy.special import log_softmax
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from helpers import models, tagging, words
from helpers.decoding import Decoder
from helpers.inference.backends import Backend, Precision, load_model
from helpers.inference.onnx_model import OnnxModel
from helpers.model_folder import TaggerOptions, read_tagger_options
from helpers.tagging import Scheme
from helpers.windows import gather_words, tokenize_words

Entity = dict[str, Any]

_LONGEST_WINDOW = 512  # subwords, for a model without a limit; the cost of more grows squared
# Subwords in one batch, padding included: a processor is fastest with what fits into its caches,
# and a GPU with much more.
_POSITIONS_ON_CPU, _POSITIONS_ON_GPU = 768, 16_384
_MODEL_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def load_tagger(
    model_dir: str | Path,
    *,
    device: str | torch.device | None = None,
    backend: Backend = "torch",
    precision: Precision = "auto",
    scheme: Scheme | None = None,
) -> "Tagger":
    """Turn the folder of a trained model into a tagger.

    Args:
        model_dir: A folder that lesson 3 or 4 wrote, or a fine-tuned model's id on the Hub.
        device: Such as ``"cpu"`` or ``"cuda:1"``; ``None`` is the accelerator if there is one.
        backend: ``"torch"``; or ``"onnx"``, ONNX Runtime on the processor, which needs the extra
            ``[onnx]``. It exports the model into its folder, once.
        precision: ``"fp32"``, ``"bf16"`` with PyTorch, or ``"int8"`` with ONNX Runtime.
            ``"auto"`` is bf16 with PyTorch if the device has it natively, otherwise fp32.
        scheme: What its labels are written in; ``None`` is what they show. Give ``"IOB1"`` for a
            model trained on that, which has the labels of one trained on IOB2.

    Raises:
        helpers.models.ModelError: There is no such model, or it was not trained to tag words.
        ValueError: A backend, precision, device or scheme that is not offered.
        RuntimeError: ONNX Runtime is not installed, or the model cannot be exported for it.
    """
    folder = _locate(model_dir)
    tokenizer = models.load_tokenizer(folder)
    model = load_model(
        folder,
        [name for name in tokenizer.model_input_names if name in _MODEL_INPUTS],
        device=device,
        backend=backend,
        precision=precision,
    )
    return Tagger(
        model,
        tokenizer,
        options=read_tagger_options(folder),
        scheme=scheme,
        version=_version(folder, backend, precision, str(scheme)),
    )


def _locate(model_dir: str | Path) -> Path:
    """Find a trained model; where there is none, say how to get one."""
    if Path(model_dir).expanduser().is_dir():
        return models.locate(str(model_dir))
    how = (
        "run lesson 3 (notebooks/03_trainer_finetuning.ipynb) with the same profile first, or give "
        'the name of a fine-tuned model on the Hub, such as "stevhliu/my_awesome_wnut_model"'
    )
    if isinstance(model_dir, Path) or not _may_be_on_hub(model_dir):
        raise models.ModelError(f"there is no trained model in {model_dir}; {how}")
    try:
        return models.locate(model_dir)
    except models.ModelError as error:
        raise models.ModelError(f"{error}; for a model of your own, {how}") from error


def _may_be_on_hub(name: str) -> bool:
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


def _version(folder: Path, *how: str) -> str:
    """Tell a model's files from those of any other, and from what is saved over them later."""
    files = [path.resolve() for path in sorted(folder.iterdir()) if path.is_file()]
    state = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr([how, state]).encode()).hexdigest()


class Tagger:
    """A model and its tokenizer, as one call from text or words to entities or tags.

    Attributes:
        model: The token classification model, in evaluation mode.
        tokenizer: Its fast tokenizer.
        word_rules: How text is cut into words, as the model's training text was.
        decoder: What turns the model's scores into tags that form entities.
        stride: Subwords that neighbouring windows of a long text share: a quarter of a window.
        version: The same for two taggers only if they are loaded from the same files, to compute
            in the same way.
    """

    def __init__(
        self,
        model: PreTrainedModel | OnnxModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        options: TaggerOptions = TaggerOptions(),  # noqa: B008, since nobody can change it
        scheme: Scheme | None = None,
        version: str | None = None,
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.version = version or uuid.uuid4().hex
        positions = models.n_positions(model.config) or _LONGEST_WINDOW
        limit = min(tokenizer.model_max_length, positions)
        self._max_length = limit
        self.stride = (limit - tokenizer.num_special_tokens_to_add()) // 4
        labels = models.labels_of(model.config)
        self._label_ids = {label: index for index, label in enumerate(labels)}
        self.word_rules = options.word_rules
        self.decoder = Decoder(labels, scheme=scheme, outside_bias=options.outside_bias)

    # a str is an Iterable[str] to the type checker, so it sees the two as overlapping
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self, text_or_texts: str, *, batch_size: int | None = None, min_score: float = 0.0
    ) -> list[Entity]: ...

    @overload
    def __call__(
        self, text_or_texts: Iterable[str], *, batch_size: int | None = None, min_score: float = 0.0
    ) -> list[list[Entity]]: ...

    def __call__(
        self,
        text_or_texts: str | Iterable[str],
        *,
        batch_size: int | None = None,
        min_score: float = 0.0,
    ) -> list[Entity] | list[list[Entity]]:
        """Turn texts of any length into their entities, in the order given.

        A text is cut into words as the model's training text was, see `helpers.words.cut`, and
        these are tagged as by `tag_words`.

        Args:
            text_or_texts: One text or several: a list, a column of a table, a generator.
            batch_size: Windows that go through the model at once, sorted by length; ``None`` is as
                many as suit the device, so more short ones than long ones.
            min_score: Entities with a lower score are left out.

        Returns:
            For one text its entities, for several a list of them for each: dicts with
            ``entity_group``, ``score`` (mean probability of the tags of its words, 0 to 1),
            ``word`` (that is ``text[start:end]``), ``start`` and ``end`` (characters, end
            exclusive).

        Raises:
            TypeError: Something that is not a text; it names the place.
        """
        if isinstance(text_or_texts, str):
            return self([text_or_texts], batch_size=batch_size, min_score=min_score)[0]
        texts = _strings(text_or_texts, "texts", "text {}")
        offsets = [words.cut(text, self.word_rules) for text in texts]
        sentences = [
            [text[start:end] for start, end in of_text]
            for text, of_text in zip(texts, offsets, strict=True)
        ]
        tagged = self._tag(sentences, batch_size)
        found = (
            _entities(text, of_text, *of_words)
            for text, of_text, of_words in zip(texts, offsets, tagged, strict=True)
        )
        return [[entity for entity in some if entity["score"] >= min_score] for some in found]

    def tag_words(
        self, sentences: Iterable[Iterable[str]], *, batch_size: int | None = None
    ) -> list[list[str]]:
        """Turn sentences of words into exactly one tag for every word.

        A word is read at its first subword. The tags of a sentence are the most probable ones
        that form entities; a word that yields no subword is ``O``, or continues an entity that goes
        on after it.

        Args:
            sentences: The words of each sentence; a sentence may have any length.
            batch_size: As for a call on text.

        Returns:
            The tags of each sentence, in the order given.

        Raises:
            TypeError: A sentence that is a text rather than words, or something that is not a
                word; it names the place.
        """
        return [tags for tags, _, _ in self._tag(_sentences(sentences), batch_size)]

    def score_words(
        self, sentences: Iterable[Iterable[str]], *, batch_size: int | None = None
    ) -> list[list[tuple[str, float]]]:
        """Turn sentences of words into a tag and its probability (0 to 1) for every word.

        Like `tag_words`. The probability for a word that yields no subword is 0, since no model
        looked at it.
        """
        return [
            list(zip(tags, np.where(read, probabilities, 0.0).tolist(), strict=True))
            for tags, probabilities, read in self._tag(_sentences(sentences), batch_size)
        ]

    def log_probabilities(
        self, sentences: Sequence[Sequence[str]], *, batch_size: int | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Turn sentences of words into the log-probability of each label for every word.

        Arguments are those of `tag_words`.

        Returns:
            An array of shape (words, labels), the words of all sentences in order, and for each
            word whether it yields a subword and was read; otherwise its row holds zeros.
        """
        encoding, subwords = tokenize_words(
            sentences, self.tokenizer, max_length=self._max_length, stride=self.stride
        )
        columns = {name: encoding[name] for name in _MODEL_INPUTS if name in encoding}
        batches = list(self._batches(subwords.lengths, batch_size))
        scores = (
            row
            for rows in batches
            for row in log_softmax(self._logits(self._padded(columns, rows)), axis=-1)
        )
        order = np.concatenate([np.empty(0, dtype=np.int64), *batches])
        word_ids = subwords.word_ids()
        in_order = {
            "word_ids": [word_ids[row] for row in order],
            "sentence": np.array(encoding["overflow_to_sample_mapping"], dtype=np.int64)[order],
        }
        found, read = gather_words(scores, in_order, [len(words) for words in sentences])
        if not batches:
            found = np.zeros((len(read), len(self.decoder.names)), dtype=np.float32)
        return found, read

    def _batches(
        self, lengths: NDArray[np.int64], batch_size: int | None
    ) -> Iterator[NDArray[np.int64]]:
        """Give the numbers of the windows that go through the model at once, longest first.

        A window without a position, of an empty text and a tokenizer without special tokens, is
        left out.
        """
        order = np.argsort(-lengths, kind="stable")[: np.count_nonzero(lengths)]
        on_cpu = self.model.device.type == "cpu"
        positions = _POSITIONS_ON_CPU if on_cpu else _POSITIONS_ON_GPU
        start = 0
        while start < len(order):
            count = batch_size or max(1, positions // int(lengths[order[start]]))
            yield order[start : start + count]
            start += count

    def _logits(self, inputs: dict[str, NDArray[np.int64]]) -> NDArray[np.float32]:
        """Run a padded batch of windows through the model: (windows, width) for each input.

        Returns:
            The score of each label at each position, of shape (windows, width, labels).
        """
        tensors = {
            name: torch.from_numpy(values).to(self.model.device) for name, values in inputs.items()
        }
        with torch.inference_mode():
            logits: NDArray[np.float32] = self.model(**tensors).logits.float().cpu().numpy()
        return logits

    def _padded(
        self, columns: dict[str, list[list[int]]], rows: NDArray[np.int64]
    ) -> dict[str, NDArray[np.int64]]:
        """Make a batch of some windows."""
        padding = {
            "input_ids": self.tokenizer.pad_token_id or 0,
            "attention_mask": 0,
            "token_type_ids": self.tokenizer.pad_token_type_id,
        }
        width = max(len(columns["input_ids"][row]) for row in rows)
        batch = {}
        for name, column in columns.items():
            batch[name] = np.full((len(rows), width), padding[name], dtype=np.int64)
            for number, row in enumerate(rows):
                batch[name][number, : len(column[row])] = column[row]
        return batch

    def _tag(
        self, sentences: Sequence[Sequence[str]], batch_size: int | None
    ) -> Iterator[tuple[list[str], NDArray[np.float32], NDArray[np.bool_]]]:
        """Give for each sentence the tags of its words, their probabilities, and which are read."""
        log_probabilities, read = self.log_probabilities(sentences, batch_size=batch_size)
        counts = [len(words) for words in sentences]
        tagged = self.decoder(log_probabilities, read, counts)
        ids = [self._label_ids[tag] for tags in tagged for tag in tags]
        probabilities = np.exp(log_probabilities[np.arange(len(ids)), ids])
        start = 0
        for tags in tagged:
            stop = start + len(tags)
            yield tags, probabilities[start:stop], read[start:stop]
            start = stop


def _entities(
    text: str,
    offsets: Sequence[words.Offsets],
    tags: Sequence[str],
    probabilities: NDArray[np.float32],
    read: NDArray[np.bool_],
) -> Iterator[Entity]:
    """Give the entities of a text whose words are tagged."""
    for type_, first, last in tagging.entity_spans(tags):
        start, end = offsets[first][0], offsets[last - 1][1]
        yield {
            "entity_group": type_,
            "score": float(probabilities[first:last][read[first:last]].mean()),
            "word": text[start:end],
            "start": start,
            "end": end,
        }


def _sentences(sentences: Iterable[Iterable[str]]) -> list[list[str]]:
    """Take sentences of words as lists, each word checked."""
    if isinstance(sentences, str) or not isinstance(sentences, Iterable):
        kind = "a str" if isinstance(sentences, str) else type(sentences).__name__
        raise TypeError(f"sentences is {kind}; give a list of lists of words")
    found = []
    for number, sentence in enumerate(sentences):
        if isinstance(sentence, str):
            raise TypeError(
                f"sentence {number} is a str; give a list of words, or call the tagger itself on "
                "running text"
            )
        found.append(_strings(sentence, f"sentence {number}", f"word {{}} of sentence {number}"))
    return found


def _strings(values: Iterable[str], name: str, place: str) -> list[str]:
    """Take texts or words as a list, each checked to be one that can be read."""
    # a loop over a mapping or a table would take the names of its columns
    no_list = isinstance(values, bytes | Mapping) or hasattr(values, "columns")
    if no_list or not isinstance(values, Iterable):
        raise TypeError(f"{name} is {type(values).__name__}; give a list of str")
    strings = list(values)
    for number, value in enumerate(strings):
        if not isinstance(value, str):
            raise TypeError(
                f"{place.format(number)} is {type(value).__name__}, not a str: {value!r:.80}"
            )
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise TypeError(
                f"{place.format(number)} has half a character, a surrogate without its other "
                f"half, at {error.start}: {value!r:.80}; remove it"
            ) from None
    return strings
