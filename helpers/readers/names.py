"""What sources call words, tags and the like: the one place to decide, for tables and for JSON."""

import re
from collections.abc import Iterable
from functools import lru_cache

TOKENS = ("tokens", "words", "token", "word", "form")
TAGS = ("ner_tags", "ner", "tags", "labels", "label", "ner_tag", "tag", "entity")
SENTENCES = ("sentence_id", "sent_id", "sentence_number", "sentence_idx", "sentence")
DOCUMENTS = ("document_id", "doc_id", "doc_key", "document", "doc")
TEXTS = ("text", "data", "sentence", "content", "full_text")
ENTITIES = ("entities", "spans", "ents", "label", "labels", "annotations")
STARTS = ("start", "start_offset", "start_position")
ENDS = ("end", "end_offset", "end_position")
QUOTES = ("text", "surface", "mention", "word")
TYPES = ("label", "labels", "type", "entity_group", "entity_type", "entity")


def find(names: Iterable[str], wanted: tuple[str, ...]) -> tuple[str, ...]:
    """Turn the names of columns or keys into those that are wanted, the likeliest first.

    Only letters and digits count, and capitals are as small letters.

    >>> find(["id", "Label", "NER-Tags"], TAGS)
    ('NER-Tags', 'Label')
    """
    return _find(tuple(names), wanted)


@lru_cache
def _find(names: tuple[str, ...], wanted: tuple[str, ...]) -> tuple[str, ...]:
    ranks = {_plain(name): rank for rank, name in enumerate(wanted)}
    found = [name for name in names if _plain(name) in ranks]
    return tuple(sorted(found, key=lambda name: ranks[_plain(name)]))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
