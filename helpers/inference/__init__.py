"""A trained model to a tagger for text of any length."""

from helpers.inference.backends import has_bf16
from helpers.inference.tagger import Entity, Tagger, load_tagger

__all__ = ["Entity", "Tagger", "has_bf16", "load_tagger"]
