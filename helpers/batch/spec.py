"""A sweep's specification: a YAML file to a list of runs, checked before any of them starts."""

import hashlib
import json
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import yaml
from papermill.iorw import NoDatesSafeLoader
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from helpers.batch import notebooks
from helpers.batch.notebooks import Lesson

OUTPUT = "output_dir"  # the parameter that tells a lesson where to write


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    lesson: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = Field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One combination of a sweep.

    Attributes:
        lesson: What runs.
        given: Its parameters by name.
        seed: The resulting seed; ``None`` if the lesson takes no seed.
    """

    lesson: Lesson
    given: Mapping[str, Any]
    seed: int | None

    @property
    def name(self) -> str:
        """The lesson's name and a hash of its code and parameters: the same on every machine."""
        content = json.dumps([self.lesson.digest, self.given], sort_keys=True)
        return f"{self.lesson.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def load(path: Path) -> list[Run]:
    """Turn a sweep's specification, a YAML file, into its runs, all of them checked.

    Raises:
        FileNotFoundError: No such file, or no such lesson.
        ValueError: The file is not YAML of the right form, or a parameter is unknown, has a value
            that the lesson cannot take, or is given twice.
    """
    try:
        spec = _Spec.model_validate(yaml.load(path.read_text(encoding="utf-8"), _Yaml))
        lesson = notebooks.find([_beside(path, spec.lesson)])[0]
        return _runs(spec, lesson)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}"
            for problem in error.errors()
        )
        raise ValueError(
            f"{path}: {problems}; a specification holds lesson, parameters (name: value) and "
            "grid (name: [value, value])"
        ) from None
    except (ValueError, yaml.YAMLError) as error:
        raise ValueError(f"{path}: {error}") from None


def _beside(spec: Path, lesson: str) -> str:
    """A path in a specification starts from the specification's folder."""
    beside = spec.parent / lesson
    return str(beside) if beside.is_file() else lesson


def _runs(spec: _Spec, lesson: Lesson) -> list[Run]:
    _check_grid(spec)
    runs = []
    for values in product(*spec.grid.values()):
        given = {**spec.parameters, **dict(zip(spec.grid, values, strict=True))}
        seed = lesson.settings(given).seed
        runs.append(Run(lesson, given, seed if "seed" in lesson.defaults else None))
    return runs


def _check_grid(spec: _Spec) -> None:
    for name, values in spec.grid.items():
        if name in spec.parameters:
            raise ValueError(f"{name!r} is in parameters and in grid; choose one")
        if any(value in values[:index] for index, value in enumerate(values)):
            raise ValueError(f"grid.{name} holds a value twice: {values}")
    if OUTPUT in {*spec.parameters, *spec.grid}:
        raise ValueError(f"the sweep gives {OUTPUT!r}, one folder for each run; leave it out")


class _Yaml(NoDatesSafeLoader):
    """papermill's YAML, which also refuses a name given twice (and see below)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [key.value for key, _ in node.value]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise yaml.MarkedYAMLError(
                    problem=f"{name!r} is given twice", problem_mark=node.value[index][0].start_mark
                )
        return super().construct_mapping(node, deep)


# YAML 1.1 takes 1e-4, without a point, for a text; YAML 1.2 and everybody else for a number.
_Yaml.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+[eE][-+]?\d+$"), list("-+0123456789")
)
