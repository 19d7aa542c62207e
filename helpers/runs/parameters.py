"""What a lesson can be given: the names and literals of its cell tagged ``parameters``.

papermill only warns of a name that the notebook does not have, and the run goes on without it.
Here it is refused, before a run (`check`) and inside a notebook (`refuse_unknown`).
"""

import ast
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from helpers import settings

# papermill opens the cell it injects with this line.
_INJECTED = "# Parameters\n"
_SETTINGS = frozenset(field.name for field in dataclasses.fields(settings.Settings))


class ParameterError(ValueError):
    """A parameter that a lesson does not have, or a value of the wrong type or out of range."""


def defaults(source: str) -> dict[str, Any]:
    """Turn the source of a parameters cell into its names and values.

    >>> defaults('profile = "full"  # which data and model')
    {'profile': 'full'}

    Raises:
        ParameterError: A value that is not a plain literal.
    """
    values = {}
    for name, node in _assigned(source).items():
        try:
            values[name] = ast.literal_eval(node)
        except ValueError:
            raise ParameterError(
                f"the parameters cell gives {name!r} the value `{ast.unparse(node)}`; write a "
                "plain literal there"
            ) from None
    return values


def check(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> settings.Settings:
    """Refuse parameters that a lesson cannot take.

    Names that are settings are checked by `helpers.settings.load`, any other by the type of
    its default; a default of ``None`` takes every type.

    >>> check({"epohcs": 3}, {"profile": "offline", "epochs": None})
    Traceback (most recent call last):
    helpers.runs.parameters.ParameterError: unknown parameter 'epohcs'; valid parameters: profile, \
epochs

    Args:
        given: The parameters by name.
        defaults: What the lesson's parameters cell holds.

    Returns:
        The settings that the parameters give.

    Raises:
        ParameterError: An unknown name, or a value of the wrong type or out of range.
    """
    refuse(given, defaults)
    for name in given.keys() - _SETTINGS | given.keys() & {"profile"}:
        if not _fits(given[name], defaults[name]):
            raise ParameterError(
                f"invalid parameter {name}: takes {type(defaults[name]).__name__}, such as "
                f"{defaults[name]!r}; found {given[name]!r}"
            )
    chosen = {name: value for name, value in {**defaults, **given}.items() if name in _SETTINGS}
    try:
        return settings.load(**chosen)
    except ValueError as error:
        raise ParameterError(str(error)) from None


def refuse_unknown(namespace: Mapping[str, Any]) -> None:
    """Refuse parameters that papermill injected and that the notebook does not have.

    A lesson calls ``refuse_unknown(globals())`` after the parameters cell. If papermill injected
    nothing, as in JupyterLab, there is nothing to refuse.

    Args:
        namespace: The notebook's variables; IPython keeps the cells that ran in ``In``.

    Raises:
        ParameterError: A name that the injected cell sets and no cell before it.
    """
    cells: list[str] = namespace.get("In", [])
    injected = [number for number, cell in enumerate(cells) if cell.startswith(_INJECTED)]
    if injected:
        last = injected[-1]
        valid = dict.fromkeys(name for cell in cells[:last] for name in _assigned(cell))
        refuse(_assigned(cells[last]), valid)


def refuse(given: Iterable[str], valid: Iterable[str]) -> None:
    """Refuse names that are not among the valid ones.

    Raises:
        ParameterError: An unknown name; the message lists the valid ones.
    """
    unknown = [name for name in given if name not in valid]
    if unknown:
        raise ParameterError(
            f"unknown parameter {', '.join(map(repr, unknown))}; "
            f"valid parameters: {', '.join(valid) or 'none'}"
        )


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, float) and type(value) is int:
        return True
    return default is None or type(value) is type(default)


def _assigned(source: str) -> dict[str, ast.expr]:
    """Turn the source of a cell into the names that it sets at its top level and their values."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a cell that did not run, or awaits at its top level: no parameters
        return {}
    names: dict[str, ast.expr] = {}
    for statement in statements:
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign) and statement.value:
            targets = [statement.target]
        else:
            continue
        assert statement.value is not None
        names |= {target.id: statement.value for target in targets if isinstance(target, ast.Name)}
    return names
