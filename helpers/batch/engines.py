"""Where the runs of a sweep are done: processes on this machine, or a Ray cluster.

An engine does runs in any order and says how each ended; what a run leaves is in the store.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Protocol

from helpers.batch.ray_cluster import connect
from helpers.batch.spec import Run

logger = logging.getLogger(__name__)

Attempt = Callable[[Run], str | None]
Outcome = tuple[Run, str | None]


class Engine(Protocol):
    """Does runs."""

    @property
    def slots(self) -> int:
        """How many runs are done at a time, at most."""

    def work(self, runs: Sequence[Run], attempt: Attempt) -> Iterator[Outcome]:
        """Do runs, and report what went wrong, if anything, as each ends."""


@dataclass(frozen=True)
class Local:
    """Processes on this machine, one for each run: if one dies, the others continue.

    Attributes:
        slots: How many at a time.
    """

    slots: int = 1

    def work(self, runs: Sequence[Run], attempt: Attempt) -> Iterator[Outcome]:
        """Do runs, and report what went wrong, if anything, as each ends."""
        waiting = list(reversed(runs))
        working: dict[Connection, tuple[SpawnProcess, Run]] = {}
        try:
            while waiting or working:
                while waiting and len(working) < self.slots:
                    run = waiting.pop()
                    process, pipe = self._start(run, attempt)
                    working[pipe] = process, run
                ended = wait(list(working))
                for pipe in [pipe for pipe in working if pipe in ended]:
                    process, run = working.pop(pipe)
                    yield run, _receive(pipe, process)
        finally:
            for process, _ in working.values():
                process.kill()

    def _start(self, run: Run, attempt: Attempt) -> tuple[SpawnProcess, Connection]:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(there, attempt, run, self.slots), daemon=True)
        process.start()
        there.close()  # the only other end is the process's, so its death is noticed here
        return process, here


def _receive(pipe: Connection, process: SpawnProcess) -> str | None:
    try:
        error: str | None = pipe.recv()
    except EOFError:
        process.join()
        code = process.exitcode or 0
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"the process ended before its run did ({how}); was it killed, or out of memory?"
    process.join()
    return error


def _work(pipe: Connection, attempt: Attempt, run: Run, slots: int) -> None:
    """Do a run in a process of its own that ends when the sweep's process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the sweep, which ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if slots > 1:  # share the cores between the runs
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // slots)))
    try:
        pipe.send(attempt(run))
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}")


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)  # the kernel watches this process in turn, and ends too


@dataclass(frozen=True)
class Ray:
    """Tasks on a Ray cluster; if a worker is lost, its run is done again elsewhere.

    Attributes:
        address: The cluster's, as for `helpers.batch.ray_cluster.connect`.
        cpus: CPU cores that a run takes.
        gpus: GPUs that a run takes; a share such as 0.5 lets two runs use the same one.
        retries: How often a run is done again after its worker was lost.
    """

    address: str | None = None
    cpus: float = 1
    gpus: float = 0
    retries: int = 3

    @property
    def slots(self) -> int:
        """How many runs the cluster's machines do now at a time."""
        machines = [node["Resources"] for node in connect(self.address).nodes() if node["Alive"]]
        needs = {kind: n for kind, n in (("CPU", self.cpus), ("GPU", self.gpus)) if n}
        return sum(
            int(min(machine.get(kind, 0) // n for kind, n in needs.items())) for machine in machines
        )

    def work(self, runs: Sequence[Run], attempt: Attempt) -> Iterator[Outcome]:
        """Do runs, and report what went wrong, if anything, as each ends."""
        ray = connect(self.address)
        if not self.slots:
            logger.warning(
                "no machine of the cluster has %g CPUs and %g GPUs for a run; waiting for one",
                self.cpus,
                self.gpus,
            )
        task = ray.remote(num_cpus=self.cpus, num_gpus=self.gpus, max_retries=self.retries)(_call)
        working = {task.remote(attempt, run): run for run in runs}
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


def _call(attempt: Attempt, run: Run) -> str | None:
    """Do a run: a function by name, which is what Ray takes."""
    return attempt(run)
