"""The parts of a job over the machines of a Ray cluster."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from helpers.batch.ray_cluster import connect
from helpers.batch.tag_files import Part, TaggedPart
from helpers.inference import Tagger


@dataclass(frozen=True)
class Ray:
    """An engine for `tag_file`: tasks on all machines of a cluster, each process with a tagger.

    A task takes a GPU if the cluster has any, otherwise a core. If a machine is lost, another tags
    its parts again. Only the model has to be where all machines see it.

    Attributes:
        load: Makes a tagger on the ``device`` it is given: `load_tagger` with a model.
        address: The cluster's, as for `helpers.batch.ray_cluster.connect`.
        device: As for `load_tagger`.
    """

    load: Callable[..., Tagger]
    address: str | None = None
    device: str | None = None

    def __call__(self, parts: Iterable[Part], **how: Any) -> Iterator[TaggedPart]:
        """Tag parts in any order; ``how`` is what a tagger is told.

        Raises:
            RuntimeError: As for `helpers.batch.ray_cluster.connect`; or a machine could not tag.

        Source: https://docs.ray.io/en/latest/ray-core/patterns/limit-pending-tasks.html
        """
        ray = connect(self.address)
        resources = ray.cluster_resources()
        kind = "GPU" if resources.get("GPU") and self.device != "cpu" else "CPU"
        device = self.device if kind == "GPU" else self.device or "cpu"
        # `max_calls=0` keeps a process and so its tagger, also where it has a GPU
        task = ray.remote(num_cpus=int(kind == "CPU"), num_gpus=int(kind == "GPU"), max_calls=0)
        load, tag = ray.cloudpickle.dumps(self.load), task(_tag)
        at_once = 2 * max(1, int(resources.get(kind, 0)))
        tagging: list[Any] = []
        try:
            for part in parts:
                if len(tagging) == at_once:
                    [done], tagging = ray.wait(tagging)
                    yield ray.get(done)
                tagging.append(tag.remote(load, device, part, how))
            yield from map(ray.get, tagging)
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None) or error
            raise RuntimeError(f"the cluster could not tag the texts: {cause}") from error


def _tag(load: bytes, device: str | None, part: Part, how: dict[str, Any]) -> TaggedPart:
    number, texts = part
    return number, _tagger(load, device)(texts, **how)


@lru_cache(maxsize=1)
def _tagger(load: bytes, device: str | None) -> Tagger:
    tagger: Tagger = pickle.loads(load)(device=device)
    return tagger
