"""What a run uses: a profile from ``profiles.toml`` plus the overrides a lesson was given."""

import ast
import dataclasses
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError, with_config
from pydantic.dataclasses import dataclass
from pydantic_core import ErrorDetails
from typing_extensions import TypedDict  # pydantic needs it on Python 3.11

from helpers import errors

_PROFILES_FILE = Path(__file__).with_name("profiles.toml")
_INJECTED = "# Parameters\n"  # papermill opens the cell that it injects with this line

_Count = Annotated[int, Field(ge=1)]


@with_config(ConfigDict(extra="forbid", strict=True))
class DatasetOptions(TypedDict, total=False):
    """How to read a data set; see `helpers.data.load`."""

    columns: Sequence[str]
    tag_names: Sequence[str]
    encoding: str
    overlaps: Literal["refuse", "outermost"]


_OPTION = re.compile(rf"\b({'|'.join(DatasetOptions.__annotations__)})=(\[.*?\]|'.*?')")


@dataclass(frozen=True, kw_only=True, config=ConfigDict(strict=True))
class Settings:
    """One run's choices, all of them, so that a table of them documents the run.

    Attributes:
        profile: Name of the profile that fills what was not chosen.
        dataset: ``"wnut_17"``, ``"sample"``, a Hub id, a folder, or a map from split to file.
        dataset_options: How to read the data: ``columns``, ``tag_names``, ``encoding`` and
            ``overlaps``, as for `helpers.data.load`; ``None`` finds them out.
        dataset_revision: Branch, tag or commit on the Hub; ``None`` is the pinned one for
            WNUT 17 and the newest for any other.
        model: ``"minilm"``, a Hub id, or a folder.
        model_revision: Branch, tag or commit on the Hub; ``None`` is the newest.
        max_sentences: At most this many sentences of each split; ``None`` is all.
        max_length: Subwords in one window; ``None`` is the model's limit.
        stride: Subwords that neighbouring windows of a long sentence share.
        label_all_subwords: Label every subword of a word, not only its first.
        epochs: Passes over the training split.
        learning_rate: Highest rate, reached after the warm-up.
        warmup_ratio: Share of the steps in which the rate rises, from 0 to below 1.
        weight_decay: AdamW's decoupled weight decay.
        batch_size: Sentences a training step sees, over all devices.
        freeze_embeddings: Keep the table of subword embeddings as it was pretrained.
        frozen_layers: This many of the lowest layers stay as pretrained too.
        seed: For the order of sentences, the new layer's weights and dropout.
        output_dir: Folder for what a run writes; ``None`` is ``runs/<profile>``, and for other
            data than the profile's ``runs/<profile>-<data>``.
        push_to_hub: Share the trained model on the Hub.
        hub_model_id: Its name there, such as ``"me/wnut-tagger"``; ``None`` names it after the
            lesson's folder.
        hub_private: Only you, or your organisation, can see it there; ``None`` leaves it to the
            Hub: a new model is public, unless the organisation's default is private.
    """

    profile: str
    dataset: str | Mapping[str, str]
    dataset_options: DatasetOptions = Field(default_factory=DatasetOptions)
    dataset_revision: str | None = None
    model: str
    model_revision: str | None = None
    max_sentences: _Count | None = None
    max_length: Annotated[int, Field(ge=8)] | None = None
    stride: Annotated[int, Field(ge=0)] = 32
    label_all_subwords: bool = False
    epochs: Annotated[float, Field(gt=0, lt=1e6)]
    learning_rate: Annotated[float, Field(gt=0, lt=1)]
    warmup_ratio: Annotated[float, Field(ge=0, lt=1)] = 0.1
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 0.01
    batch_size: _Count = 16
    freeze_embeddings: bool = True
    frozen_layers: Annotated[int, Field(ge=0)] = 0
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    output_dir: str | None = None
    push_to_hub: bool = False
    hub_model_id: str | None = None
    hub_private: bool | None = None

    @property
    def run_dir(self) -> Path:
        """The folder for what the run writes; a relative one lies in the checkout, if any.

        Other data than the profile's have a folder of their own, so that a model does not replace
        that of other data.
        """
        name = self.profile
        if self.dataset != _profiles()[self.profile]["dataset"]:
            files = [self.dataset] if isinstance(self.dataset, str) else self.dataset.values()
            name += "-" + "-".join(re.findall(r"\w+", " ".join(files)))[-100:]
        return project_dir() / (self.output_dir or f"runs/{name}")

    def to_dict(self) -> dict[str, Any]:
        """Turn the settings into a plain dictionary, ready for a table or JSON."""
        return dataclasses.asdict(self)


def project_dir() -> Path:
    """The folder that relative paths of a run start from.

    It is the checkout, so a lesson finds the same files from any folder in which its kernel starts.
    If the package was installed without a checkout, it is the current folder.
    """
    checkout = Path(__file__).resolve().parent.parent
    return checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()


def load(profile: str = "full", **overrides: Any) -> Settings:
    """Turn a profile's name and a lesson's parameters into the settings of a run.

    >>> load("offline", epochs=2, learning_rate=None).epochs
    2.0

    Args:
        profile: ``"full"``, ``"offline"`` or ``"smoke"``.
        **overrides: Values for fields of `Settings`; ``None`` leaves the profile's own choice.

    Raises:
        ValueError: An unknown profile, an unknown name, or a value of the wrong type or out of
            range; the message lists what is valid.
    """
    if profile not in list(_profiles()):  # also where it is no text at all
        raise ValueError(f"unknown profile {profile!r}; valid profiles: {', '.join(_profiles())}")
    valid = [field.name for field in dataclasses.fields(Settings) if field.name != "profile"]
    refuse_unknown(overrides, valid, "setting")
    chosen = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(profile=profile, **{**_profiles()[profile], **chosen})
    except ValidationError as error:
        problems = {problem["loc"][0]: _problem(problem) for problem in error.errors()}
        found = "; ".join(
            f"{name}: {text}; found {chosen[str(name)]!r:.100}" for name, text in problems.items()
        )
        raise ValueError(f"invalid setting {found}") from None


def from_notebook(namespace: Mapping[str, Any]) -> Settings:
    """Turn the parameters of a lesson into the settings of its run.

    A lesson calls ``from_notebook(globals())`` below its parameters cell. From then on, the
    notebook shows an error of this package as its message alone, see `helpers.errors`.

    Args:
        namespace: The notebook's variables. IPython keeps the source of the cells that ran in
            ``In``.

    Raises:
        ValueError: papermill injected a name that the parameters cell does not have; or as for
            `load`.
    """
    errors.show_messages_alone()
    cells: list[str] = namespace.get("In", [])
    injected = [number for number, cell in enumerate(cells) if cell.startswith(_INJECTED)]
    if injected:  # papermill only warns of an unknown name, and the run goes on without it
        before = [name for cell in cells[: injected[-1]] for name in assigned(cell)]
        refuse_unknown(assigned(cells[injected[-1]]), dict.fromkeys(before))
    names = [field.name for field in dataclasses.fields(Settings)]
    return load(**{name: namespace[name] for name in names if name in namespace})


def refuse_unknown(given: Iterable[str], valid: Iterable[str], kind: str = "parameter") -> None:
    """Refuse names of parameters, or of another kind, that are not among the valid ones.

    Raises:
        ValueError: An unknown name; the message lists the valid ones.
    """
    valid = list(valid)
    unknown = [name for name in given if name not in valid]
    if unknown:
        raise ValueError(
            f"unknown {kind} {', '.join(map(repr, unknown))}; "
            f"valid {kind}s: {', '.join(valid) or 'none'}"
        )


def assigned(source: str) -> dict[str, ast.expr]:
    """Turn the source of a cell into the names that it sets at its top level and their values.

    >>> list(assigned("profile = 'full'; epochs: int = 3"))
    ['profile', 'epochs']
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a cell that did not run, or awaits at its top level: no parameters
        return {}
    names: dict[str, ast.expr] = {}
    for statement in statements:
        match statement:
            case ast.Assign(targets=targets, value=value):
                names |= {target.id: value for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                names[name] = value
    return names


def dataset_options(options: Mapping[str, Any]) -> DatasetOptions:
    """Check how to read a data set, outside a run.

    Raises:
        ValueError: An unknown option or a value of the wrong type; the message lists the valid
            ones.
    """
    return load("offline", dataset_options=options).dataset_options


def as_parameters(message: str) -> str:
    """Turn what a message says about `helpers.data.load` into the parameters of a run.

    >>> as_parameters("give encoding='cp1252', or save the file as UTF-8")
    "give dataset_options={'encoding': 'cp1252'}, or save the file as UTF-8"
    """
    return _OPTION.sub(r"dataset_options={'\1': \2}", message)


def literal(text: str) -> Any:
    """Turn a word of the command line into a value: a number, True, None, a list, or a text.

    >>> literal("3e-4"), literal("None"), literal("wnut_17")
    (0.0003, None, 'wnut_17')
    """
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        return text


def _problem(problem: ErrorDetails) -> str:
    """Say what is wrong with a value, and in the options of a data set with which of them."""
    setting, *inside = problem["loc"]
    name = f"{inside[0]}: " if inside and setting == "dataset_options" else ""
    if problem["type"] == "extra_forbidden":
        return f"{name}no such option; valid options: {', '.join(DatasetOptions.__annotations__)}"
    return name + problem["msg"]


@cache
def _profiles() -> dict[str, dict[str, Any]]:
    return tomllib.loads(_PROFILES_FILE.read_text(encoding="utf-8"))
