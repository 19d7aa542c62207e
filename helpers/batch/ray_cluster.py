"""A Ray cluster, for work that is too much for one machine."""

import logging
from pathlib import Path
from typing import Any

import helpers


def connect(address: str | None = None) -> Any:
    """Turn the address of a cluster into the module ``ray``, connected to it.

    The machines of the cluster get this package, if they lack it.

    Args:
        address: Such as ``"auto"`` or ``"ray://host:10001"``; ``None`` is the one that
            ``RAY_ADDRESS`` names or that runs on this machine, or a new one on this machine alone.

    Raises:
        RuntimeError: Ray is not installed, does not start here, or does not answer there.

    Source: https://docs.ray.io/en/latest/ray-core/api/doc/ray.init.html
    """
    try:
        import ray
    except ImportError:
        raise RuntimeError(
            "the engine 'ray' needs Ray: pip install 'token-classification-lessons[cluster]'"
        ) from None
    if not ray.is_initialized():
        try:
            ray.init(
                address,
                runtime_env={"py_modules": [str(Path(helpers.__file__).parent)]},
                logging_level=logging.WARNING,
                log_to_driver=False,
            )
        except Exception as error:  # Ray raises errors of many kinds, a bare Exception too
            raise RuntimeError(
                f"Ray does not start or does not answer (address {address!r}): {error}; check the "
                "address, or try again when the machine is less busy"
            ) from error
    return ray
