"""A DistilBERT that computes what a BERT of its size does, for machines without the Hub."""

from pathlib import Path

import torch
from transformers import AutoModel, DistilBertConfig, DistilBertModel

from helpers import models

_NAMES = {
    "encoder.layer": "transformer.layer",
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
}


def save_distilbert(bert: Path, folder: Path) -> Path:
    """Write the weights and the tokenizer of a BERT, such as MiniLM, as a DistilBERT.

    DistilBERT has no embedding of a sentence's place in a pair. That of the first, which every
    subword of a single sentence gets, is added to the embeddings of the positions.

    Args:
        bert: The folder of the BERT.
        folder: The one to write.

    Returns:
        The folder.
    """
    model = AutoModel.from_pretrained(bert, dtype=torch.float32)
    config = model.config
    weights = model.state_dict()
    weights["embeddings.position_embeddings.weight"] += weights[
        "embeddings.token_type_embeddings.weight"
    ][0]
    distilbert = DistilBertModel(
        DistilBertConfig(
            vocab_size=config.vocab_size,
            max_position_embeddings=config.max_position_embeddings,
            dim=config.hidden_size,
            hidden_dim=config.intermediate_size,
            n_layers=config.num_hidden_layers,
            n_heads=config.num_attention_heads,
            activation=config.hidden_act,
            dropout=config.hidden_dropout_prob,
            attention_dropout=config.attention_probs_dropout_prob,
            pad_token_id=config.pad_token_id,
        )
    )
    own = distilbert.state_dict()
    renamed = {_renamed(name): values for name, values in weights.items()}
    distilbert.load_state_dict({name: renamed[name] for name in own})
    distilbert.save_pretrained(folder)
    models.load_tokenizer(bert).save_pretrained(folder)
    return folder


def _renamed(name: str) -> str:
    for bert, distilbert in _NAMES.items():
        name = name.replace(bert, distilbert)
    return name
