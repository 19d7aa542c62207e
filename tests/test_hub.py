"""A Hub that cannot be reached: one message, at once, and what the cache holds is found.

What comes from a Hub that answers is in the tests of `data` and `models`.
"""

import socketserver
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from huggingface_hub import constants

from helpers import hub


@pytest.fixture
def hung_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[str]]:
    """A Hub that ends every connection without a word; the list has an entry for each."""
    calls: list[str] = []

    class HangUp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            calls.append(str(self.client_address))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), HangUp) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
        yield calls
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("revision", [None, "0" * 40])
def test_without_a_network_it_is_not_tried_again_and_again(
    hung_up: list[str], revision: str | None
) -> None:
    with pytest.raises(ConnectionError) as found:
        hub.download("model", "me/tagger", revision=revision, files=["*.json"])
    assert len(hung_up) == 1
    message = str(found.value)
    assert message.startswith("cannot fetch the model me/tagger")
    for advice in ('profile="offline"', "parameters for data and model at None", "Cause: "):
        assert advice in message


def test_without_a_network_the_cache_serves(hung_up: list[str], tmp_path: Path) -> None:
    commit = "1" * 40
    folder = tmp_path / "datasets--me--data"
    snapshot = folder / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot / "train.jsonl").write_text("{}", encoding="utf-8")
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit, encoding="utf-8")
    found = hub.download("dataset", "me/data", revision=None, files=["*.jsonl"])
    assert (found / "train.jsonl").read_text(encoding="utf-8") == "{}"


def test_a_name_that_the_hub_cannot_have(hung_up: list[str]) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such model: \./my/model is neither a folder"):
        hub.download("model", "./my/model", revision=None, files=["*"])
