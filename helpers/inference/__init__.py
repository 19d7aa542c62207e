"""A trained model to a tagger for text of any length, and files of any size to their entities."""

from helpers.inference.files import Counts, tag_file
from helpers.inference.tagger import Entity, Tagger, load_tagger

__all__ = ["Counts", "Entity", "Tagger", "load_tagger", "tag_file"]
