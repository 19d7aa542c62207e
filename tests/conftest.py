"""What several test files share: tiny tokenizers and models made on the spot, and real data.

PyTorch is imported only where a model is made: lesson 4's environment does without it.
"""

import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import transformers
from datasets import DatasetDict
from hypothesis import settings
from packaging.version import Version
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers import models as tokenizer_models
from transformers import (
    BertConfig,
    PreTrainedTokenizerFast,
    RobertaTokenizer,
    RobertaTokenizerFast,
)

if TYPE_CHECKING:
    from transformers import BertForTokenClassification

from helpers import data, tagging
from helpers.decoding import to_tags
from helpers.settings import Settings, load

settings.register_profile("lessons", deadline=None, max_examples=50)  # no test asserts a time
settings.load_profile("lessons")

IS_OLD = Version(transformers.__version__).major < 5  # lesson 4's
TYPES = ["corporation", "creative-work", "group", "location", "person", "product"]
NAMES = tagging.label_names(TYPES)
CORPUS = [
    "the golden state warriors are a basketball team based in san francisco .",
    "@paulwalk it 's the view from where i 'm living for two weeks . empire state building = esb",
    "pretty bad storm here last evening 😀 http://tinyurl.com/24agj38 #photography",
]


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what is marked as slow
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what runs notebooks, which takes longest; what starts Ray is slow."""
    items.sort(key=lambda item: not re.search("notebooks|lessons", item.nodeid.partition("::")[0]))
    for item in items:
        if isinstance(item, pytest.Function) and "ray_environment" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def wnut17_dir() -> Path:
    """The folder with the real WNUT 17."""
    folder = os.environ.get("WNUT17_DIR")
    if not folder:
        pytest.skip("WNUT17_DIR is not set: it names the folder with WNUT 17's three files")
    return Path(folder)


def wordpiece() -> PreTrainedTokenizerFast:
    """A BERT tokenizer, under which a lone variation selector yields no subword."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "state", "##walk", "san"]
    vocabulary += [*letters, *(f"##{letter}" for letter in letters), *".,'@#/:=-"]
    ids = {token: index for index, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(tokenizer_models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        mask_token="[MASK]",
        model_max_length=64,
    )


def byte_level(*, add_prefix_space: bool = True) -> PreTrainedTokenizerFast:
    """A tokenizer of RoBERTa's family."""
    tokenizer = Tokenizer(tokenizer_models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), add_prefix_space=add_prefix_space
    )
    return _fast(tokenizer, add_prefix_space=add_prefix_space)


def roberta() -> PreTrainedTokenizerFast:
    """A tokenizer of RoBERTa itself, as its checkpoints come: without a space before words."""
    if IS_OLD:
        backend = byte_level(add_prefix_space=False).backend_tokenizer
        return RobertaTokenizerFast(tokenizer_object=backend, model_max_length=64)
    model = json.loads(byte_level().backend_tokenizer.to_str())["model"]
    merges: Any = [tuple(pair) for pair in model["merges"]]
    return RobertaTokenizer(vocab=model["vocab"], merges=merges, model_max_length=64)


def sentencepiece() -> PreTrainedTokenizerFast:
    """A tokenizer of the SentencePiece kind: a unigram model over metaspaces."""
    tokenizer = Tokenizer(tokenizer_models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=120,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        unk_token="<unk>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return _fast(tokenizer)


def _fast(tokenizer: Tokenizer, **options: Any) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        **options,
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        pad_token="<pad>",
        sep_token="</s>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=64,
    )


def tiny_config(tokenizer: PreTrainedTokenizerFast) -> BertConfig:
    """The configuration of a small BERT."""
    return BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        pad_token_id=tokenizer.pad_token_id,
        id2label=tagging.id2label(NAMES),
        label2id=tagging.label2id(NAMES),
    )


def tiny_model(
    tokenizer: PreTrainedTokenizerFast, *, seed: int = 0
) -> "BertForTokenClassification":
    """A small BERT whose tags vary from word to word although nobody trained it."""
    import torch
    from transformers import BertForTokenClassification

    torch.set_num_threads(1)  # the models of the tests are too small to share out
    torch.manual_seed(seed)
    model = BertForTokenClassification(tiny_config(tokenizer)).eval()
    model.base_model.embeddings.word_embeddings.weight.data *= 10
    model.classifier.weight.data *= 50
    return model


@pytest.fixture(scope="session")
def tiny_model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the small BERT and its tokenizer."""
    pytest.importorskip("torch", reason="PyTorch is not in lesson 4's environment")
    folder = tmp_path_factory.mktemp("tiny") / "model"
    tokenizer = wordpiece()
    tiny_model(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


class WordByWord:
    """Stands in for a decoder: the best label of each word by itself, as scores during training."""

    def __init__(self, names: Sequence[str], **_: Any) -> None:
        self.names = list(names)

    def __call__(self, scores: Any, read: Any, word_counts: Any) -> Any:
        return to_tags(scores.argmax(axis=1), read, word_counts, self.names)


def tiny_run(model: Path, output_dir: Path) -> Settings:
    """A run of seconds: a slice of the sample and a tiny model."""
    return load(
        "smoke",
        model=str(model),
        max_sentences=24,
        epochs=2,
        learning_rate=3e-3,
        frozen_layers=1,
        output_dir=str(output_dir),
    )


@pytest.fixture
def dataset(run: Settings) -> DatasetDict:
    """The data of the run that a test file has a fixture for."""
    return data.load(run.dataset, max_sentences=run.max_sentences, seed=run.seed)


@pytest.fixture(scope="session")
def ray_environment() -> Iterator[dict[str, str]]:
    """The environment of processes that start or use a Ray of their own."""
    pytest.importorskip("ray", reason="Ray is not installed: it comes with the extra [cluster]")
    with tempfile.TemporaryDirectory(prefix="ray") as folder:  # sockets need a short path
        yield {
            **os.environ,
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(16),  # else Ray keeps one in the user's home
            "RAY_TMPDIR": folder,
            "RAY_USAGE_STATS_ENABLED": "0",
        }
