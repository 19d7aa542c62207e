"""What a lesson can be given: the names and literals of its cell tagged ``parameters``.

Here they are checked before a run; `helpers.settings.from_notebook` checks them inside of one.
"""

import ast
import dataclasses
from collections.abc import Mapping
from typing import Any

from helpers import settings

_SETTINGS = frozenset(field.name for field in dataclasses.fields(settings.Settings))


def defaults(source: str) -> dict[str, Any]:
    """Turn the source of a parameters cell into its names and values.

    >>> defaults('profile = "full"  # which data and model')
    {'profile': 'full'}

    Raises:
        ValueError: A value that is not a plain literal.
    """
    values = {}
    for name, node in settings.assigned(source).items():
        try:
            values[name] = ast.literal_eval(node)
        except ValueError:
            raise ValueError(
                f"the parameters cell gives {name!r} the value `{ast.unparse(node)}`; write a "
                "plain literal there"
            ) from None
    return values


def check(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> settings.Settings:
    """Refuse parameters that a lesson cannot take.

    Names that are settings are checked by `helpers.settings.load`, any other by the type of
    its default; a default of ``None`` takes every type.

    >>> check({"epohcs": 3}, {"epochs": None})
    Traceback (most recent call last):
    ValueError: unknown parameter 'epohcs'; valid parameters: epochs

    Args:
        given: The parameters by name.
        defaults: What the lesson's parameters cell holds.

    Returns:
        The settings that the parameters give.

    Raises:
        ValueError: An unknown name, or a value of the wrong type or out of range.
    """
    settings.refuse_unknown(given, defaults)
    for name in given.keys() - _SETTINGS | given.keys() & {"profile"}:
        if not _fits(given[name], defaults[name]):
            raise ValueError(
                f"invalid parameter {name}: takes {type(defaults[name]).__name__}, such as "
                f"{defaults[name]!r}; found {given[name]!r}"
            )
    chosen = {name: value for name, value in {**defaults, **given}.items() if name in _SETTINGS}
    return settings.load(**chosen)


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, float) and type(value) is int:
        return True
    return default is None or type(value) is type(default)
