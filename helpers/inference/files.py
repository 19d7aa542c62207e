"""Files of texts of any size to files of their entities, part by part.

Each part is tagged on its own and written to a file of its own; at the end they are joined. So
longer sources need no more memory, an interrupted job continues with the missing parts, and several
machines can share a job.
"""

import hashlib
import json
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from pyarrow import parquet
from tqdm.auto import tqdm

from helpers.inference import formats
from helpers.inference.formats import Content, Lines, Part, Source, Table
from helpers.inference.tagger import Tagger

logger = logging.getLogger(__name__)

_PARTS_A_ROW_GROUP = 128
_SHOWN = 5


class Counts(NamedTuple):
    """How many texts were tagged, and how many records were rejected because they have none."""

    tagged: int
    rejected: int


@dataclass(frozen=True)
class Job:
    """A source, the file that it becomes, and the folder that holds its parts until then.

    Attributes:
        schema: The columns of a Parquet file that becomes another; parts are then Parquet,
            otherwise JSON Lines.
        min_score: As for a tagger.
    """

    source: Source
    target: Path
    folder: Path
    schema: pa.Schema | None
    min_score: float = 0.0

    def tag(
        self, parts: Sequence[Part], tagger: Tagger, *, batch_size: int | None = None
    ) -> Iterator[Part]:
        """Tag parts, and give each as soon as it is in the folder."""
        for content in self.source.read(parts):
            texts = [record[self.source.text_field] for record in content.records]
            found = tagger(texts, batch_size=batch_size, min_score=self.min_score)
            for record, entities in zip(content.records, found, strict=True):
                record[formats.ENTITIES] = entities
            self._write(content)
            yield content.part

    def _write(self, content: Content) -> None:
        """Write what a part became; the tagged records come last, and say that it is done."""
        if content.rejected:
            with _whole(self._rejected(content.part)) as path:
                formats.write_json_lines(content.rejected, path)
        with _whole(self._tagged(content.part)) as path:
            if self.schema is None:
                formats.write_json_lines(content.records, path)
            else:
                parquet.write_table(pa.Table.from_pylist(content.records, self.schema), path)

    def is_done(self, part: Part) -> bool:
        """Whether a part is in the folder."""
        return self._tagged(part).exists()

    def _tagged(self, part: Part) -> Path:
        return self.folder / f"{part.number:08}.{'jsonl' if self.schema is None else 'parquet'}"

    def _rejected(self, part: Part) -> Path:
        return self.folder / f"{part.number:08}.rejected.jsonl"

    def join(self, parts: Sequence[Part]) -> None:
        """Join the parts to the side file, if anything was rejected, and to the result."""
        rejected = [path for part in parts if (path := self._rejected(part)).exists()]
        if rejected:
            with _whole(rejects_of(self.target), within=self.folder) as path:
                _concatenate(rejected, path)
        else:
            rejects_of(self.target).unlink(missing_ok=True)  # from an earlier job
        tagged = [self._tagged(part) for part in parts]
        with _whole(self.target, within=self.folder) as path:
            if formats.is_parquet(self.target):
                self._join_to_parquet(tagged, path)
            else:
                _concatenate(tagged, path)

    def _join_to_parquet(self, tagged: Sequence[Path], path: Path) -> None:
        read = formats.read_json_lines
        try:
            schema = self.schema or formats.schema_of(map(read, tagged), self.source.text_field)
            with parquet.ParquetWriter(path, schema) as writer:
                parts = iter(tagged)
                while group := list(islice(parts, _PARTS_A_ROW_GROUP)):
                    if self.schema is None:
                        tables = [pa.Table.from_pylist(read(part), schema) for part in group]
                    else:
                        tables = [parquet.read_table(part) for part in group]
                    writer.write_table(pa.concat_tables(tables))
        except (pa.ArrowException, OverflowError) as error:
            raise ValueError(
                f"{self.target}: Parquet cannot hold these records ({formats.one_line(error)}); "
                "ask for .jsonl instead; it uses what is already tagged"
            ) from None


Engine = Callable[[Job, Sequence[Part]], Iterable[Part]]


def tag_file(
    tagger: Tagger,
    source: str | Path,
    target: str | Path,
    *,
    text_field: str = "text",
    batch_size: int | None = None,
    min_score: float = 0.0,
    buffer: int = 256,
    engine: Engine | None = None,
) -> Counts:
    """Turn a file of texts, of any size, into JSON Lines or Parquet with the entities of each.

    The records keep their order and their other fields: ``{"text": …, "entities": […]}``. The
    result appears under its name only when it is complete. Until then, what is tagged is in a
    hidden folder beside it, and the same call continues from there after an interruption.

    A record that has no text, or is not UTF-8 or not JSON, is left out of the result, logged, and
    written to ``<target>.rejected.jsonl`` with its line (or row) and what is wrong with it.

    Args:
        tagger: As `load_tagger` returns it. Another process does not recognize any other tagger, so
            an interrupted job starts from the beginning.
        source: Text with one text per line (``.txt``), JSON Lines or an array of JSON (``.jsonl``,
            ``.ndjson``, ``.json``), a table (``.csv``, ``.tsv``) or Parquet (``.parquet``). It is
            UTF-8, or UTF-16 with a byte order mark.
        target: The JSON Lines or Parquet file to write.
        text_field: The field or column that holds the text, except in plain text.
        batch_size: Windows that go through the model at once; ``None`` is as many as suit the
            device.
        min_score: Entities with a lower score are left out.
        buffer: Records in a part, within which they are sorted by length; fewer if records are
            long. An interruption loses a part, which takes seconds; sixteen times as many gain 5 to
            10 % in speed.
        engine: What tags the parts of the job; ``None`` is the tagger, here.

    Raises:
        FileNotFoundError: There is no source.
        ValueError: The source is of an unknown form, or not what its suffix says, or has no such
            field; or the target is the source, or of an unknown form, or cannot hold the records.
    """
    origin = formats.source_of(Path(source), text_field)
    job = _readable(_job(tagger, origin, Path(target), buffer, min_score))
    parts = job.source.parts(buffer)
    missing = [part for part in parts if not job.is_done(part)]
    total, left = (sum(part.n_records for part in some) for some in (parts, missing))
    engine = engine or partial(_tag_here, tagger=tagger, batch_size=batch_size)
    with tqdm(
        desc=f"Tagging {job.source.path.name}",
        total=total,
        initial=total - left,
        unit=" texts",
        smoothing=0,
        mininterval=0.5,
    ) as progress:
        for part in engine(job, missing):
            progress.update(part.n_records)
    job.join(parts)
    shutil.rmtree(job.folder)
    rejected = _report_rejects(job)
    return Counts(total - rejected, rejected)


def rejects_of(target: Path) -> Path:
    """The side file for the records that have no text."""
    return target.with_name(f"{target.name}.rejected.jsonl")


def _tag_here(
    job: Job, parts: Sequence[Part], *, tagger: Tagger, batch_size: int | None
) -> Iterator[Part]:
    return job.tag(parts, tagger, batch_size=batch_size)


def _job(tagger: Tagger, source: Source, target: Path, buffer: int, min_score: float) -> Job:
    """Describe a job; the name of its folder tells it from any other beside the same result."""
    if buffer < 1:
        raise ValueError(f"buffer takes a number of records from 1; found {buffer}")
    to_parquet = formats.is_parquet(target)
    for written in (target, rejects_of(target)):
        if written.resolve() == source.path.resolve():
            raise ValueError(f"tagging would overwrite its source {source.path}; rename one")
    state = source.path.stat()
    told_by = (
        str(source.path.resolve()),
        state.st_size,
        state.st_mtime_ns,
        source.text_field,
        tagger.version,
        tagger.decoder.outside_bias,
        buffer,
        min_score,
    )
    digest = hashlib.sha256(repr(told_by).encode()).hexdigest()[:16]
    # named without the suffix, so that JSON Lines can use what was tagged for Parquet
    folder = target.with_name(f".{target.stem}.{digest}.parts")
    known = source.schema if to_parquet else None
    return Job(source, target, folder, known and formats.with_entities(known), min_score)


def _readable(job: Job) -> Job:
    """Make the folder of a job; with a copy of its source, if that cannot be read in parts."""
    job.folder.mkdir(parents=True, exist_ok=True)
    pieces = formats.rewritten(job.source)
    if pieces is None or not isinstance(job.source, Lines | Table):
        return job
    copy = job.folder / "source"
    if not copy.exists():
        try:
            with _whole(copy) as path, path.open("w", encoding="utf-8", newline="") as file:
                file.writelines(pieces)
        except ValueError:
            shutil.rmtree(job.folder)
            raise
    return replace(job, source=replace(job.source, file=copy))


def _report_rejects(job: Job) -> int:
    rejects = rejects_of(job.target)
    if not rejects.exists():
        return 0
    with rejects.open("rb") as file:
        shown = [json.loads(line) for line in islice(file, _SHOWN)]
        count = len(shown) + sum(1 for _ in file)
    for record in shown:
        unit = next(iter(record))  # a line or a row
        logger.warning("%s, %s %d: %s", job.source.path, unit, record[unit], record["error"])
    logger.warning(
        "%d records are not in the result; they and the reasons are in %s", count, rejects
    )
    return count


@contextmanager
def _whole(path: Path, *, within: Path | None = None) -> Iterator[Path]:
    """Give a file to write that takes its name only once it is complete."""
    partial = (within or path.parent) / f"{uuid.uuid4().hex}.partial"
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _concatenate(paths: Sequence[Path], target: Path) -> None:
    with target.open("wb") as output:
        for path in paths:
            with path.open("rb") as file:
                shutil.copyfileobj(file, output)
