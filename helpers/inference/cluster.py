"""The parts of a job over the machines of a Ray cluster."""

import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from helpers.batch.ray_cluster import connect
from helpers.inference.files import Job
from helpers.inference.formats import Part
from helpers.inference.tagger import Tagger

_MAX_BLOCKS = 1000  # of neighbouring parts, for Ray to keep account of


@dataclass(frozen=True)
class Ray:
    """An engine for `tag_file`: Ray Data actors, each with a tagger of its own.

    An actor takes a GPU if the cluster has any, otherwise a core. If an actor is lost, another tags
    its parts again. All machines see the source and the target under the same paths.

    Attributes:
        load: Makes a tagger on the ``device`` it is given: `load_tagger` with a model, whose
            folder is one that all machines see.
        address: The cluster's, as for `helpers.batch.ray_cluster.connect`.
        device: As for `load_tagger`.
        batch_size: Windows that go through the model at once; ``None`` is as many as suit the
            device.
    """

    load: Callable[..., Tagger]
    address: str | None = None
    device: str | None = None
    batch_size: int | None = None

    def __call__(self, job: Job, parts: Sequence[Part]) -> Iterator[Part]:
        """Tag parts, and give each once it is in the job's folder, in any order."""
        connect(self.address)
        if not parts:
            return
        import ray.data  # there, since `connect` found it

        logging.getLogger("ray.data").setLevel(logging.WARNING)
        ray.data.DataContext.get_current().enable_progress_bars = False
        resources = ray.cluster_resources()
        kind = "GPU" if resources.get("GPU") and self.device != "cpu" else "CPU"
        pool = ray.data.ActorPoolStrategy(
            min_size=1, max_size=max(1, min(len(parts), int(resources.get(kind, 0))))
        )
        device = self.device if kind == "GPU" else self.device or "cpu"
        done = ray.data.from_items(
            [part._asdict() for part in parts],
            override_num_blocks=min(len(parts), _MAX_BLOCKS),
        ).map_batches(
            _Actor,
            fn_constructor_args=(job, self.load, device, self.batch_size),
            batch_size=None,
            compute=pool,
            num_cpus=int(kind == "CPU"),
            num_gpus=int(kind == "GPU"),
        )
        try:
            for part in done.iter_rows():
                yield Part(**part)
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None) or error
            raise RuntimeError(f"the cluster could not tag {job.source.path}: {cause}") from error


class _Actor:
    """A tagger on a machine of the cluster."""

    def __init__(
        self, job: Job, load: Callable[..., Tagger], device: str | None, batch_size: int | None
    ) -> None:
        if not job.folder.is_dir():
            raise FileNotFoundError(
                f"{socket.gethostname()} does not see {job.folder}; put the source, the target "
                "and the model in a place that every machine of the cluster sees"
            )
        self.job = job
        self.tagger = load(device=device)
        self.batch_size = batch_size

    def __call__(self, block: dict[str, Any]) -> dict[str, Any]:
        """Tag the parts of a block, which has a column for each of their attributes."""
        columns = (block[name].tolist() for name in Part._fields)
        parts = [Part(*values) for values in zip(*columns, strict=True)]
        for _ in self.job.tag(parts, self.tagger, batch_size=self.batch_size):
            pass
        return block
