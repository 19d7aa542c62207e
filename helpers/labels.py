"""Names that code gives to rows, series and taggers to those that a reader sees."""

from helpers.translation import _


def label(name: str) -> str:
    """Turn a name that a figure or a sentence shows into that of the edition.

    Names of data, such as entity types, are none of these and stay as they are.

    >>> label("grouped by length"), label("creative-work")
    ('grouped by length', 'creative-work')
    """
    labels = {
        # parts of bars, and groups of entities
        "seen": _("seen"),
        "unseen": _("unseen"),
        "subwords": _("subwords"),
        "padding": _("padding"),
        "read here": _("read here"),
        "context only": _("context only"),
        # curves
        "learning rate": _("learning rate"),
        "training": _("training"),
        "validation": _("validation"),
        # points
        "precision": _("precision"),
        "recall": _("recall"),
        "F1 without an interval": _("F1 without an interval"),
        "F1 that others report": _("F1 that others report"),
        "all": _("all"),
        # taggers
        "all O": _("all O"),
        "rule: capitalised words": _("rule: capitalised words"),
        "gazetteer from train": _("gazetteer from train"),
        "gazetteer": _("gazetteer"),
        "our model": _("our model"),
        "PyTorch's model": _("PyTorch's model"),
        "TensorFlow's model": _("TensorFlow's model"),
        "shared task 2017, first": _("shared task 2017, first"),
        "shared task 2017, seventh": _("shared task 2017, seventh"),
        "with stride": _("with stride"),
        "tagger": _("tagger"),
        # ways of making batches
        "to the maximum": _("to the maximum"),
        "per batch": _("per batch"),
        "grouped by length": _("grouped by length"),
        # steps from words to tags
        "words": _("words"),
        "ids": _("ids"),
        "vectors": _("vectors"),
        "layers": _("layers"),
        "logits": _("logits"),
        "tags": _("tags"),
    }
    return labels.get(name, name)
