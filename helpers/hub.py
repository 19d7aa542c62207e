"""A repository on the Hugging Face Hub to a folder on disk, and every reason why this can fail.

Data and models both come from the Hub in this way. So a missing network looks the same for both,
with any release of ``huggingface_hub``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import (
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import get_session

Kind = Literal["dataset", "model"]

_PATIENCE = 5  # seconds in which a Hub that can be reached answers
_NAMES: dict[Kind, str] = {"dataset": "data set", "model": "model"}


def download(kind: Kind, repo: str, *, revision: str | None, files: Sequence[str]) -> Path:
    """Bring files of a repository into the Hub's cache, or find them there.

    Args:
        kind: What the repository holds.
        repo: Its name on the Hub.
        revision: Branch, tag or commit; ``None`` is the newest.
        files: Patterns of their names, such as ``"*.json"``.

    Returns:
        The folder that holds them.

    Raises:
        FileNotFoundError: There is no such repository, or it is not open to you.
        ValueError: It has no such revision.
        ConnectionError: The Hub cannot be reached, and the cache does not hold the files.
    """
    trouble = _trouble()
    try:
        folder = snapshot_download(
            repo,
            repo_type=kind,
            revision=revision,
            allow_patterns=list(files),
            local_files_only=trouble is not None,  # else each request is tried five times
        )
    except (HFValidationError, RepositoryNotFoundError) as error:
        raise FileNotFoundError(
            f"no such {_NAMES[kind]}: {repo} is neither a folder (looked for "
            f"{Path(repo).resolve()}) nor open to you on the Hub ({constants.ENDPOINT}); check the "
            "name; a private or gated one needs `hf auth login`, or in Colab the secret HF_TOKEN"
        ) from error
    except RevisionNotFoundError as error:
        raise ValueError(
            f"revision={revision!r}: the {_NAMES[kind]} {repo} has no such branch, tag or commit "
            "on the Hub"
        ) from error
    except Exception as error:  # the HTTP library differs between releases of huggingface_hub
        at = f" at revision {revision}" if revision else ""
        raise ConnectionError(
            f"cannot fetch the {_NAMES[kind]} {repo}{at} from the Hub ({constants.ENDPOINT}), and "
            "the local cache does not hold it; check the network, or work without the Hub: set "
            'profile="offline", leave the parameters for data and model at None, and run the '
            f"lesson again from there. Cause: {trouble or error}"
        ) from (trouble or error)
    return Path(folder)


def _trouble() -> Exception | None:
    """What keeps the Hub from answering; ``None`` where it answers, whatever it says."""
    try:
        get_session().head(constants.ENDPOINT, timeout=_PATIENCE)
    except Exception as error:  # as above
        return error
    return None
