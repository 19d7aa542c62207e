"""What every reader returns: tagged sentences that know where they stand in their source."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from helpers.readers.notes import Notes


class Sentence(NamedTuple):
    """A sentence as its source spells it.

    Attributes:
        id: Its name in the source, or its number from 0.
        tokens: Its words.
        tags: A tag for each word, as the source writes it.
        lines: For each word, the line, row or record on which it stands, from 1.
        document: What names its document, if the source says.
    """

    id: str
    tokens: list[str]
    tags: list[str]
    lines: list[int]
    document: str = ""


@dataclass(frozen=True, kw_only=True)
class Split:
    """The sentences of one file, or of one split of a data set on the Hub.

    Attributes:
        name: What messages call it, such as the file's path.
        sentences: All of them, in order.
        declared: The tags that the source declares, in the order of their ids; ``None`` if it only
            uses them.
        unit: What `Sentence.lines` counts: ``"line"`` or ``"row"``.
        documents: Whether each sentence is a document, a file of its own, that its id names.
    """

    name: str
    sentences: list[Sentence]
    declared: Sequence[str] | None = None
    unit: str = "line"
    documents: bool = False

    def __post_init__(self) -> None:
        """Refuse an empty split or what is not text."""
        if not self.sentences:
            raise ValueError(f"{self.name}: empty; expected at least one tagged sentence")
        for at, sentence in enumerate(self.sentences):
            try:
                " ".join([sentence.id, *sentence.tokens, *sentence.tags]).encode()
            except UnicodeEncodeError as error:
                raise ValueError(
                    f"{self.place(at)}: holds {error.object[error.start]!r}, half of a character "
                    "that UTF-16 writes in two; remove it, or write the character whole"
                ) from None

    def report_words(self) -> None:
        """Log how many words nobody can see, or hold spaces, if any."""
        notes = Notes(self.name)
        for at, sentence in enumerate(self.sentences):
            if len("\0".join(sentence.tokens).split()) < 2 and all(sentence.tokens):
                continue  # no white space in any, for speed
            for position, word in enumerate(sentence.tokens):
                if not word.strip():
                    kind = "words are empty or white space, and are kept"
                    notes.add(kind, self.place(at, position))
                elif word.split() != [word]:
                    kind = "words hold spaces, and are kept as one word each"
                    notes.add(kind, f"{word!r:.60}, {self.place(at, position)}")
        notes.report()

    def place(self, sentence: int, position: int = 0) -> str:
        """Turn the index of a sentence and of a word in it into words for a message."""
        found = self.sentences[sentence]
        document = f", {found.id}" if self.documents else ""
        return f"{self.name}{document}, {self.unit} {found.lines[position]}"

    def with_tags(self, tags: Sequence[list[str]]) -> "Split":
        """Replace its tags by others, a list for each sentence."""
        tagged = zip(self.sentences, tags, strict=True)
        return replace(self, sentences=[sentence._replace(tags=new) for sentence, new in tagged])
