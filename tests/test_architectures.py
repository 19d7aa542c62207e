"""Every architecture: a tiny model trains, is saved, opened and tags, or is refused with a reason.

By default a representative few run, in about a second each. ``pytest -m slow`` takes
all that the installed Transformers can classify tokens with.
"""

import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import NAMES, byte_level, sentencepiece, tiny_run, wordpiece
from safetensors.torch import load_file
from transformers import (
    AutoConfig,
    AutoModelForTokenClassification,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    WhisperConfig,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES

from helpers import model_folder, models, training
from helpers.inference import backends, has_bf16, load_tagger
from helpers.settings import Settings

TOKENIZERS = {
    **dict.fromkeys(("roberta", "longformer", "gpt2", "qwen2"), byte_level),
    **dict.fromkeys(("albert", "deberta-v2", "mpnet", "t5", "xlm-roberta", "xlnet"), sentencepiece),
}
NO_BF16 = {"deberta"}
REPRESENTATIVE = [
    *("albert", "big_bird", "deberta-v2", "distilbert", "electra", "funnel", "gpt2", "longformer"),
    *("modernbert", "mpnet", "qwen2", "t5", "xlm", "xlm-roberta", "xlnet"),
]
# What a configuration may call the sizes of a model, and small ones.
SIZES: dict[str, Any] = {
    **dict.fromkeys(("hidden_size", "d_model", "dim", "emb_dim", "n_embd", "embedding_size"), 32),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "num_key_value_heads", "n_head", "n_heads"), 2),
    **dict.fromkeys(("num_heads", "num_experts", "num_local_experts", "n_routed_experts"), 2),
    **dict.fromkeys(("intermediate_size", "d_ff", "d_inner", "hidden_dim", "n_inner"), 48),
    **dict.fromkeys(("ffn_dim", "ffn_hidden_size"), 48),
    **dict.fromkeys(("head_dim", "d_kv", "v_head_dim", "moe_intermediate_size"), 16),
    **dict.fromkeys(("shared_expert_intermediate_size", "sliding_window"), 16),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim"), 8),
    **dict.fromkeys(("num_experts_per_tok", "n_group", "topk_group", "n_shared_experts"), 1),
    **dict.fromkeys(("max_position_embeddings", "n_positions"), 70),
    "attention_window": 8,
}
# Where the names mean something else, or a size hangs on another: None leaves the size alone.
OPTIONS: dict[str, dict[str, Any]] = {
    **{kind: {"head_dim": None} for kind in ("axk1", "deepseek_v3", "falcon")},
    "funnel": {
        **dict.fromkeys(("num_hidden_layers", "num_attention_heads", "hidden_size"), None),
        **{"block_sizes": [2, 1], "block_repeats": [1, 1], "d_head": 16},
    },
    "gpt_neo": {
        **dict.fromkeys(("num_hidden_layers", "num_attention_heads"), None),
        "attention_types": [[["global", "local"], 1]],
    },
    "layoutlmv3": {"coordinate_size": 6, "shape_size": 4, "visual_embed": False},
    "lilt": {"hidden_size": 48},
    "luke": {"entity_vocab_size": 10, "entity_emb_size": 16},
    "markuplm": {"xpath_unit_hidden_size": 4},
    "qwen3_next": {
        **dict.fromkeys(("linear_num_value_heads", "linear_num_key_heads"), 2),
        **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim"), 8),
        "layer_types": ["linear_attention", "full_attention"],
    },
    "roc_bert": {
        **dict.fromkeys(("pronunciation_vocab_size", "shape_vocab_size"), 10),
        **dict.fromkeys(("pronunciation_embed_dim", "shape_embed_dim"), 8),
    },
    "xlnet": {"max_position_embeddings": None},
}
NOT_TEXT = {
    **dict.fromkeys(("layoutlmv2", "modernvbert", "qwen3_5", "t5gemma2", "ultravbert"), "pictures"),
    "canine": "characters, without a fast tokenizer",
    "qwen3_asr": "sound",
}
REFUSED = {"bros": "You have to specify bbox", "xmod": "Input language unknown"}
NO_STACK = {"albert", "flaubert", "funnel", "t5gemma", "xlm"}  # of layers that can be frozen


def configuration(kind: str, tokenizer: PreTrainedTokenizerFast) -> PretrainedConfig:
    """The configuration of a tiny model for a tokenizer."""
    ids = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    if kind == "t5gemma":
        stack = {**SIZES, **ids}
        return AutoConfig.for_model(kind, encoder=stack, decoder=stack, **ids)
    known = AutoConfig.for_model(kind)
    options = OPTIONS.get(kind, {})
    sizes = {name: size for name, size in SIZES.items() if hasattr(known, name)}
    chosen = {name: value for name, value in {**sizes, **options}.items() if value is not None}
    return AutoConfig.for_model(kind, **chosen, **ids)


def tiny_encoder(kind: str, folder: Path) -> Path:
    """Save a pretrained model, which has no classifier, with its tokenizer."""
    tokenizer = TOKENIZERS.get(kind, wordpiece)()
    tokenizer.model_max_length = 1000  # more than the model has positions
    torch.set_num_threads(1)  # the models are too small to share out
    torch.manual_seed(0)
    model = AutoModelForTokenClassification.from_config(configuration(kind, tokenizer))
    model.base_model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def two_steps(model: Path, output_dir: Path, **changes: Any) -> Settings:
    run = tiny_run(model, output_dir)
    few = {"max_sentences": 8, "batch_size": 4, "epochs": 1.0, "frozen_layers": 0}
    return dataclasses.replace(run, **{**few, **changes})


def check(kind: str, folder: Path) -> None:
    """Train two steps, save, open, and tag a sentence that takes several windows."""
    frozen = 0 if kind in NO_STACK else 1
    source = tiny_encoder(kind, folder / "encoder")
    run = two_steps(source, folder / "run", frozen_layers=frozen)
    model = training.load_model(source, NAMES, run)
    kept = {name for name, weights in model.named_parameters() if not weights.requires_grad}
    before = {name: weights.clone() for name, weights in model.named_parameters()}
    assert model.get_input_embeddings().weight.requires_grad is False

    training.fine_tune(run)
    saved = AutoModelForTokenClassification.from_pretrained(model_folder.of_lesson(run, 3))
    after = dict(saved.named_parameters())
    assert kept <= {name for name in before if torch.equal(after[name], before[name])} < set(before)
    assert not torch.equal(training.classifier(saved).weight, training.classifier(model).weight)
    tagger = load_tagger(model_folder.of_lesson(run, 3), device="cpu")
    assert [len(tags) for tags in tagger.tag_words([["the"] * 200, ["san"]])] == [200, 1]


def test_a_model_that_cannot_compute_in_bf16_computes_in_fp32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_encoder("xlnet", tmp_path)
    inputs = ["input_ids", "attention_mask"]
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert backends.load_model(folder, inputs, device="cpu").dtype is torch.float32
    message = "a model of type 'xlnet' cannot compute in bf16; choose 'fp32'"
    with pytest.raises(ValueError, match=re.escape(message)):
        backends.load_model(folder, inputs, device="cpu", precision="bf16")


def test_a_model_that_cannot_train_in_bf16_is_refused_where_training_would_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = two_steps(tiny_encoder("deberta", tmp_path), tmp_path / "run")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False})
    training.load_model(tmp_path, NAMES, run)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    message = "DebertaForTokenClassification cannot compute in bf16, in which this device trains: "
    with pytest.raises(models.ModelError, match=message):
        training.load_model(tmp_path, NAMES, run)


@pytest.mark.parametrize("kind", REPRESENTATIVE)
def test_an_architecture_trains_and_tags(kind: str, tmp_path: Path) -> None:
    check(kind, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES))
def test_every_architecture_trains_and_tags_or_says_why_not(kind: str, tmp_path: Path) -> None:
    if kind in NOT_TEXT:
        pytest.skip(f"{kind} reads {NOT_TEXT[kind]}")
    why = REFUSED.get(kind, "cannot compute in bf16" if kind in NO_BF16 and has_bf16("cpu") else "")
    if why:
        with pytest.raises(models.ModelError, match=why):
            check(kind, tmp_path)
    else:
        check(kind, tmp_path)


@pytest.mark.parametrize("kind", REFUSED)
def test_a_model_that_wants_more_than_text_is_refused_before_training(
    kind: str, tmp_path: Path
) -> None:
    run = two_steps(tiny_encoder(kind, tmp_path / "encoder"), tmp_path / "run")
    message = f"ForTokenClassification cannot tag text alone: {REFUSED[kind]}"
    with pytest.raises(models.ModelError, match=message):
        training.fine_tune(run)
    assert not (tmp_path / "run").exists()


def test_layers_that_share_their_weights_cannot_be_frozen_one_by_one(tmp_path: Path) -> None:
    run = two_steps(tiny_encoder("albert", tmp_path), tmp_path / "run", frozen_layers=1)
    message = "has no stack of layers with weights of their own; give at most 0"
    with pytest.raises(models.ModelError, match=message):
        training.load_model(tmp_path, NAMES, run)


def test_a_model_of_no_encoder_of_text_is_refused(tiny_model_dir: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model_dir, tmp_path / "model")
    WhisperConfig().save_pretrained(folder)
    with pytest.raises(models.ModelError, match="of the type 'whisper', for which 🤗 Transformers"):
        models.locate(str(folder))


@pytest.mark.parametrize(
    "config",
    [
        {"model_type": "nothing_known"},
        {"model_type": "own", "auto_map": {"AutoConfig": "code.OwnConfig"}},
        {"model_type": "bert", "hidden_size": "wide"},
        {},
    ],
)
def test_a_configuration_that_does_not_open_is_refused(
    config: dict[str, Any], tiny_model_dir: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_model_dir, tmp_path / "model")
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(
        models.ModelError, match=r"does not describe a model that Transformers .* can open"
    ):
        models.locate(str(folder))


def test_a_model_that_lacks_weights_is_refused(tiny_model_dir: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    folder = shutil.copytree(tiny_model_dir, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    del weights["bert.encoder.layer.0.output.dense.bias"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    run = two_steps(folder, tmp_path / "run")
    with pytest.raises(models.ModelError, match="lacks 1 weights of its BertForTokenClassific"):
        training.load_model(folder, NAMES, run)
    (folder / "model.safetensors").write_bytes(b"no safetensors")
    with pytest.raises(models.ModelError, match="cannot be opened to tag words: "):
        training.load_model(folder, NAMES, run)
