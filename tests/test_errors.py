"""What a notebook shows of an error, asked as a front end asks a kernel."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from helpers.errors import silence

LIKE_COLABS = """
def show(shell, etype, value, tb, tb_offset=None):
    print("theirs:", value)

get_ipython().set_custom_exc((ImportError,), show)
"""
WRONG = "from helpers import settings\nsettings.from_notebook({'profile': 'ofline'})"
MESSAGE = "unknown profile 'ofline'; valid profiles: full, offline, smoke"


@pytest.fixture(scope="module")
def kernel() -> Iterator[BlockingKernelClient]:
    """A kernel with a handler of its own for some errors, as Colab's has."""
    manager, client = start_new_kernel(kernel_name="python3")
    client.execute_interactive(LIKE_COLABS, timeout=60)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def shown(kernel: BlockingKernelClient, code: str, *, batch: bool = False) -> str:
    """What stands below a cell that ran, as text without blank lines."""
    lines: list[str] = []

    def keep(message: dict[str, Any]) -> None:
        content = message["content"]
        lines.extend(content.get("traceback", []) or [content.get("text", "")])

    kernel.execute_interactive(code, allow_stdin=not batch, output_hook=keep, timeout=60)
    return "\n".join(line for line in "\n".join(lines).splitlines() if line)


def test_a_notebook_shows_the_message_alone(kernel: BlockingKernelClient) -> None:
    text = shown(kernel, WRONG)
    assert MESSAGE in text
    assert "Traceback (most recent call last)" not in text
    assert len(text.splitlines()) == 2  # the other one names %tb


def test_the_trace_is_there_on_request(kernel: BlockingKernelClient) -> None:
    shown(kernel, WRONG)
    text = shown(kernel, "%tb")
    assert "Traceback (most recent call last)" in text
    assert "raise" in text
    assert MESSAGE in text


def test_an_error_with_a_cause_is_one_message_too(kernel: BlockingKernelClient) -> None:
    code = """
from helpers import hub
hub.constants.ENDPOINT = "http://127.0.0.1:9"
hub.download("model", "me/tagger", revision=None, files=["*"])
"""
    text = shown(kernel, code)
    assert "cannot fetch the model me/tagger" in text
    assert len(text.splitlines()) == 2
    assert "direct cause of the following exception" in shown(kernel, "%tb")


def test_a_batch_gets_the_trace(kernel: BlockingKernelClient) -> None:
    text = shown(kernel, WRONG, batch=True)
    assert "Traceback (most recent call last)" in text
    assert MESSAGE in text


@pytest.mark.parametrize(
    "code", ["int('x')", "1 / 0", "from helpers import settings\nsettings.project_dir(1)"]
)
def test_other_errors_keep_their_trace(kernel: BlockingKernelClient, code: str) -> None:
    shown(kernel, WRONG)
    assert "Traceback (most recent call last)" in shown(kernel, code)


def test_the_handler_that_was_there_is_kept(kernel: BlockingKernelClient) -> None:
    shown(kernel, WRONG)
    assert shown(kernel, "raise ImportError('no such thing')") == "theirs: no such thing"


def test_what_libraries_print_past_python_is_dropped_on_request(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with silence():
        os.write(2, b"noise")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"
