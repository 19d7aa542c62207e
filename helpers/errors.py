"""Errors that a learner can cause: in a notebook one message, and the stack trace on request.

Most errors of this package tell a learner what to change: a parameter, a path, a file's line. Below
a stack trace that message is hard to find. So a lesson shows the message alone, and ``%tb`` shows
the trace. If nobody watches, as under papermill, the trace is shown at once.

Source: https://ipython.readthedocs.io/en/stable/api/generated/IPython.core.interactiveshell.html
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import TracebackType
from typing import Any

# What the package raises on purpose; any other type is a fault in it and keeps its trace.
_ON_PURPOSE = (ValueError, TypeError, OSError, RuntimeError, KeyboardInterrupt)


@cache  # once is enough: a cell can run again
def show_messages_alone() -> None:
    """Make the notebook that runs this show the package's own errors as their message alone.

    Outside notebooks nothing changes.
    """
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    theirs, their_types = shell.CustomTB, shell.custom_exceptions  # Colab has a handler too

    def show(
        shell: Any,
        etype: type[BaseException],
        value: BaseException,
        tb: TracebackType,
        tb_offset: int | None = None,
    ) -> None:
        if _is_ours(etype, tb) and _is_read_along(shell):
            cause, is_whole = value.__cause__, value.__suppress_context__
            value.__cause__ = None  # of which IPython 7, as in Colab, would show the trace
            shell.showtraceback((etype, value, tb), exception_only=True)
            value.__cause__, value.__suppress_context__ = cause, is_whole
        elif issubclass(etype, their_types):
            theirs(etype, value, tb, tb_offset=tb_offset)
        else:
            shell.showtraceback((etype, value, tb), tb_offset=tb_offset)

    shell.set_custom_exc((*_ON_PURPOSE, *their_types), show)


def _is_ours(etype: type[BaseException], tb: TracebackType) -> bool:
    """Whether an error is of a type that the package raises on purpose, and was raised in it."""
    while tb.tb_next:
        tb = tb.tb_next
    package = tb.tb_frame.f_globals.get("__name__", "").partition(".")[0]
    return issubclass(etype, _ON_PURPOSE) and package == __package__


def _is_read_along(shell: Any) -> bool:
    """Whether a person runs the cell: a front end that a cell can ask for input, or a terminal."""
    if "google.colab" in sys.modules or not hasattr(shell, "get_parent"):
        return True
    return bool(shell.get_parent().get("content", {}).get("allow_stdin"))


@contextmanager
def silence() -> Iterator[None]:
    """Drop what libraries print past Python while they are loaded, and no setting stops.

    An error comes as an exception, as ever.
    """
    stderr = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
