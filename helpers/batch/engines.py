"""Where the runs of a sweep are done: on this machine, or on a Ray cluster.

An engine does runs in any order and says how each ended; what a run leaves is in its folder.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import SimpleQueue

from helpers.batch.ray_cluster import connect
from helpers.batch.spec import Run

logger = logging.getLogger(__name__)

Attempt = Callable[[Run], str | None]
"""Does a run and says what went wrong, if anything."""
Outcome = tuple[Run, str | None]
Engine = Callable[[Sequence[Run], Attempt], Iterator[Outcome]]

_RETRIES = 3  # of a run whose machine was lost


def local(runs: Sequence[Run], attempt: Attempt, *, workers: int = 1) -> Iterator[Outcome]:
    """Do runs on this machine, and give each as it ends.

    The work of a run is done in its kernel, a process of its own that ends if this one does. So a
    thread for each run is enough; a daemon thread, for which an interruption need not wait. As many
    runs as workers are done at a time, and share the cores.
    """
    waiting, ended = deque(runs), SimpleQueue[Outcome]()
    workers = min(workers, len(runs))
    if workers > 1:  # the kernels inherit it
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))

    def work() -> None:
        with suppress(IndexError):  # no run is waiting any more
            while True:
                run = waiting.popleft()
                ended.put((run, attempt(run)))

    for _ in range(workers):
        threading.Thread(target=work, daemon=True).start()
    try:
        for _ in runs:
            yield ended.get()
    finally:
        waiting.clear()


def on_ray(
    runs: Sequence[Run],
    attempt: Attempt,
    *,
    address: str | None = None,
    cpus: float = 1,
    gpus: float = 0,
) -> Iterator[Outcome]:
    """Do runs as tasks on a Ray cluster, and give each as it ends.

    If a machine is lost, another does its run again. ``cpus`` and ``gpus`` are what one run takes;
    a share such as 0.5 lets two runs use the same GPU.

    Raises:
        RuntimeError: As for `helpers.batch.ray_cluster.connect`.
    """
    ray = connect(address)
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(has.get("CPU", 0) >= cpus and has.get("GPU", 0) >= gpus for has in machines):
        logger.warning(
            "no machine of the cluster has %g CPUs and %g GPUs for a run; waiting for one",
            cpus,
            gpus,
        )
    # a lambda, since Ray takes no partial function
    task = ray.remote(num_cpus=cpus, num_gpus=gpus, max_retries=_RETRIES)(lambda run: attempt(run))
    working = {task.remote(run): run for run in runs}
    try:
        while working:
            for ended in ray.wait(list(working))[0]:
                run = working.pop(ended)
                try:
                    yield run, ray.get(ended)
                except ray.exceptions.RayError as error:
                    yield run, f"{type(error).__name__}: {error}"
    finally:
        for left in working:
            ray.cancel(left, force=True)
