"""Files of texts of any size to files of their entities.

The texts are tagged part by part, and the entities of each part are kept in a file of their own
until the result is written. So longer files need no more memory, an interrupted job continues with
the missing parts, and several machines can share a job.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, count, takewhile
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
from tqdm.auto import tqdm

from helpers import atomic
from helpers.batch import corpus_formats as formats
from helpers.batch.corpus_formats import Record, Source
from helpers.inference import Entity, Tagger

logger = logging.getLogger(__name__)

Part = tuple[int, list[str]]
"""The number of a part, from 0, and its texts."""
TaggedPart = tuple[int, list[list[Entity]]]
"""The number of a part, and the entities of each text."""

_PART = 256  # texts, among which a tagger finds some of similar length
_PART_CHARACTERS = 2**17
_SHOWN = 5
_REJECTED = "rejected.jsonl"


class Engine(Protocol):
    """Tags the parts of a job."""

    def __call__(self, parts: Iterable[Part], **how: Any) -> Iterable[TaggedPart]:
        """Tag parts, in any order; ``how`` is ``batch_size`` and ``min_score``, as for a tagger."""


class Counts(NamedTuple):
    """How many texts were tagged, and how many records were rejected because they have none."""

    tagged: int
    rejected: int


def tag_file(
    tagger: Tagger,
    source: str | Path,
    target: str | Path,
    *,
    text_field: str = "text",
    batch_size: int | None = None,
    min_score: float = 0.0,
    engine: Engine | None = None,
) -> Counts:
    """Turn a file of texts, of any size, into JSON Lines or Parquet with the entities of each.

    The records keep their order and their other fields: ``{"text": …, "entities": […]}``. The
    result appears under its name only when it is complete. Until then, what was found is in a
    hidden folder beside it, and the same call continues from there after an interruption.

    A record that has no text, or is not UTF-8, not JSON or not a row of its table, is left out of
    the result, logged, and written to ``<target>.rejected.jsonl`` with its line (or row) and what
    is wrong with it.

    Args:
        tagger: As `load_tagger` returns it. Another process does not recognize any other tagger, so
            an interrupted job starts from the beginning.
        source: Text with one text per line (``.txt``), JSON Lines (``.jsonl``, ``.ndjson``,
            ``.json``), a table (``.csv``, ``.tsv``) or Parquet (``.parquet``), in UTF-8.
        target: The JSON Lines or Parquet file to write.
        text_field: The field or column that holds the text, except in plain text.
        batch_size: Windows that go through the model at once; ``None`` is as many as suit the
            device.
        min_score: Entities with a lower score are left out.
        engine: What tags the parts; ``None`` is the tagger, here.

    Raises:
        FileNotFoundError: There is no source.
        ValueError: The source is of an unknown form, or not what its suffix says, or has no such
            field, or was changed meanwhile; or the target is the source, or of an unknown form, or
            cannot hold the records.
    """
    origin, target = formats.source_of(Path(source), text_field), Path(target)
    rejects = rejects_of(target)
    for written in (target, rejects):
        if written.resolve() == origin.path.resolve():
            raise ValueError(f"tagging would overwrite its source {origin.path}; rename one")
    try:
        schema = origin.schema() if formats.is_parquet(target) else None  # before hours of tagging
        state = _state(origin)
        folder = _folder(target, state, tagger.version, min_score)
        counts = _sort_out(origin, folder / _REJECTED)
        with tqdm(
            desc=f"Tagging {origin.path.name}",
            total=counts.tagged,
            unit=" texts",
            smoothing=0,
            mininterval=0.5,
        ) as progress:
            tag = engine or partial(_tag_here, tagger=tagger, progress=progress)
            missing = _missing(origin, folder, progress)
            for number, entities in tag(missing, batch_size=batch_size, min_score=min_score):
                with atomic.file(_part(folder, number)) as path:
                    path.write_text(json.dumps(entities), encoding="utf-8")
                if engine:
                    progress.update(len(entities))
        with atomic.file(target) as path:
            formats.write(_with_entities(origin, folder), path, schema)
            if _state(origin) != state:
                raise ValueError(f"{origin.path} was changed while it was tagged; start again")
    except (pa.ArrowException, OverflowError) as error:
        raise ValueError(
            f"{target}: Parquet cannot hold these records ({formats.first_line(error)}); ask for "
            ".jsonl instead"
        ) from None
    if counts.rejected:
        os.replace(folder / _REJECTED, rejects)
        logger.warning(
            "%d records are not in the result; they and the reasons are in %s",
            counts.rejected,
            rejects,
        )
    else:
        rejects.unlink(missing_ok=True)  # from an earlier job
    shutil.rmtree(folder)
    return counts


def rejects_of(target: Path) -> Path:
    """The side file for the records that have no text."""
    return target.with_name(f"{target.name}.rejected.jsonl")


def _state(source: Source) -> tuple[object, ...]:
    """Tell a source from others, and from what it is after a change."""
    about = source.path.stat()
    return str(source.path.resolve()), about.st_size, about.st_mtime_ns, source.text_field


def _folder(target: Path, *told_by: object) -> Path:
    """Make the folder of a job; its name tells the job from any other beside the same result."""
    digest = hashlib.sha256(repr((told_by, _PART, _PART_CHARACTERS)).encode()).hexdigest()[:16]
    # named without the suffix, so that JSON Lines can use what was found for Parquet
    folder = target.with_name(f".{target.stem}.{digest}.parts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _sort_out(source: Source, rejects: Path) -> Counts:
    """Count the records, write those without a text aside, and log the first of them."""
    n_texts = n_rejected = 0

    def rejected() -> Iterator[Record]:
        nonlocal n_texts, n_rejected
        for record in source.read():
            if isinstance(record, dict):
                n_texts += 1
                continue
            unit, number, error, shown = record
            if n_rejected < _SHOWN:
                logger.warning("%s, %s %d: %s", source.path, unit, number, error)
            n_rejected += 1
            yield {unit: number, "error": error, "record": shown}

    formats.write(rejected(), rejects)
    return Counts(n_texts, n_rejected)


def _missing(source: Source, folder: Path, progress: tqdm) -> Iterator[Part]:
    """Give the parts that are still to be tagged."""
    for number, texts in enumerate(_parts(source)):
        if _part(folder, number).exists():
            # which leaves them out of the speed; a bar that is switched off lacks it
            progress.initial = getattr(progress, "initial", 0) + len(texts)
            progress.update(len(texts))
        else:
            yield number, texts


def _parts(source: Source) -> Iterator[list[str]]:
    """Give the texts of a source in parts, limited in texts and in characters."""
    texts: list[str] = []
    n_characters = 0
    for record in source.read():
        if isinstance(record, dict):
            text = record[source.text_field]
            if texts and (len(texts) == _PART or n_characters + len(text) > _PART_CHARACTERS):
                yield texts
                texts, n_characters = [], 0
            texts.append(text)
            n_characters += len(text)
    if texts:
        yield texts


def _part(folder: Path, number: int) -> Path:
    return folder / f"{number:08}.json"


def _tag_here(
    parts: Iterable[Part], *, tagger: Tagger, progress: tqdm, **how: Any
) -> Iterator[TaggedPart]:
    """Tag parts in this process; the bar moves with every batch, since a part takes seconds."""
    end = 0

    def move(_model: Any, _args: Any, inputs: dict[str, Any], _output: Any) -> None:
        progress.update(min(len(inputs["input_ids"]), end - progress.n))

    hook = tagger.model.register_forward_hook(move, with_kwargs=True)
    try:
        for number, texts in parts:
            end = progress.n + len(texts)
            yield number, tagger(texts, **how)
            progress.update(end - progress.n)
    finally:
        hook.remove()


def _with_entities(source: Source, folder: Path) -> Iterator[Record]:
    """Read the source again, and give its records with what was found in their texts."""
    paths = takewhile(Path.exists, (_part(folder, number) for number in count()))
    found = chain.from_iterable(json.loads(path.read_bytes()) for path in paths)
    records = (record for record in source.read() if isinstance(record, dict))
    for record, entities in zip(records, found, strict=True):
        yield record | {formats.ENTITIES: entities}
