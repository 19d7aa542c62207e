"""The project's own promises: files that must agree, and imports that must stay light."""

import ast
import asyncio
import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path
from symtable import symtable
from typing import Any

import nbformat
import pytest
import yaml
from ipykernel.ipkernel import IPythonKernel
from nbconvert import ScriptExporter
from traitlets.config.loader import PyFileConfigLoader

ROOT = Path(__file__).resolve().parent.parent
HELPERS = ROOT / "helpers"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0*.ipynb"))

sys.path.insert(0, str(ROOT / "tools"))
import colab  # noqa: E402
import hub_versions  # noqa: E402
import reading_time  # noqa: E402

FLOORS = [
    {"settings", "hub", "errors", "atomic", "tagging", "words", "translation", "labels"},
    {"readers", "alignment", "windows", "decoding", "plots"},
    {"data", "models", "metrics", "baselines", "model_folder", "readings"},
    {"preparation", "inference"},
    {"training", "keras_training"},
    {"batch"},
    {"__main__"},
    {"exercises"},  # for learners: nothing imports it
]
KNOWS_TORCH = {"training", "inference", "exercises"}
KNOWS_TENSORFLOW = {"keras_training"}


def room_of(path: Path) -> str:
    return path.relative_to(HELPERS).parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it, by their full names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "an import names its module in full"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


SOURCES = [path for path in sorted(HELPERS.rglob("*.py")) if path != HELPERS / "__init__.py"]
ROOMS = {room_of(path) for path in SOURCES}
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def rooms_imported_by(path: Path) -> set[str]:
    modules = {name.split(".")[1] for name in imports_of(path) if name.startswith("helpers.")}
    return modules & ROOMS - {room_of(path)}


def test_every_room_stands_on_one_floor() -> None:
    assert sorted(room for rooms in FLOORS for room in rooms) == sorted(ROOMS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(HELPERS)))
def test_an_import_goes_down_or_sideways_and_never_up(path: Path) -> None:
    above = {room for room in rooms_imported_by(path) if FLOOR[room] > FLOOR[room_of(path)]}
    assert not above
    frameworks = {name.split(".")[0] for name in imports_of(path)}
    assert "torch" not in frameworks or room_of(path) in KNOWS_TORCH
    assert "tensorflow" not in frameworks or room_of(path) in KNOWS_TENSORFLOW


def test_rooms_do_not_import_one_another_in_a_circle() -> None:
    imported: dict[str, set[str]] = {room: set() for room in ROOMS}
    for path in SOURCES:
        imported[room_of(path)] |= rooms_imported_by(path)
    TopologicalSorter(imported).prepare()  # a CycleError names the rooms of a circle


# What lessons 3 and 4 share, each in an environment that has no other framework than its own.
FOR_BOTH_KERNELS = [
    *("tagging", "words", "settings", "readers", "data", "alignment", "windows", "decoding"),
    *("metrics", "readings", "plots", "batch.lessons", "batch.sweep", "translation", "labels"),
    *(f"exercises.{path.stem}" for path in HELPERS.glob("exercises/*.py")),
]


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [
        (["helpers"], {"torch", "tensorflow", "transformers", "datasets", "matplotlib", "pandas"}),
        ([f"helpers.{module}" for module in FOR_BOTH_KERNELS], {"torch", "tensorflow"}),
    ],
    ids=["the package", "what serves both kernels"],
)
def test_an_import_loads_nothing_heavy(modules: list[str], unwanted: set[str]) -> None:
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not unwanted & set(done.stdout.split())


@pytest.mark.parametrize(
    ("file", "name"),
    [("environment.yml", "lessons"), ("environment-tensorflow.yml", "tensorflow")],
)
def test_a_conda_environment_is_the_same_set_up(file: str, name: str) -> None:
    environment = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
    assert environment["name"] == f"token-classification-{name}"
    *packages, pip = environment["dependencies"]
    python = next(name for name in packages if name.startswith("python="))
    assert PROJECT["requires-python"] == f">={python.removeprefix('python=')}"
    constraints, project = pip["pip"]
    assert constraints in MAKEFILE
    assert project.replace(".[", "'.[") + "'" in MAKEFILE.replace("TF_PACKAGES := ", "--editable ")
    extras = re.findall(r"\[(.*)\]", project)[0].split(",")
    assert set(extras) <= set(PROJECT["optional-dependencies"])


def test_lesson_4_names_the_kernel_that_make_sets_up() -> None:
    lesson = nbformat.read(ROOT / "notebooks" / "04_tensorflow_finetuning.ipynb", as_version=4)
    kernel = lesson.metadata.kernelspec
    command = f"--name {kernel.name} --display-name '{kernel.display_name}'"
    assert command in MAKEFILE
    assert f"/kernels/{kernel.name}/kernel.json" in MAKEFILE
    by_hand = (README, (ROOT / "environment-tensorflow.yml").read_text(encoding="utf-8"))
    assert all(f"-m ipykernel install --user {command}" in text for text in by_hand)
    room = (HELPERS / "keras_training.py").read_text(encoding="utf-8")
    assert f'the kernel "{kernel.display_name}"' in room


@pytest.mark.parametrize(
    ("constraints", "extras"),
    [
        ("constraints.txt", {"pytorch", "dev", "cluster", "onnx", "site", "browser"}),
        ("constraints-tensorflow.txt", {"tensorflow", "tensorflow-cpu", "dev"}),
    ],
)
def test_every_direct_dependency_is_pinned(constraints: str, extras: set[str]) -> None:
    lines = (ROOT / constraints).read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0] for line in lines if "==" in line}
    needs = PROJECT["optional-dependencies"]
    wanted = PROJECT["dependencies"] + [need for extra in extras for need in needs[extra]]
    assert {re.split(r"[<>=!~\s\[]", need)[0] for need in wanted} <= pinned


def test_every_way_of_installing_builds_seqeval_with_a_setuptools_of_its_own() -> None:
    by_hand = [
        line for line in README.splitlines() if "pip install" in line and "--editable" in line
    ]
    set_up = [nbformat.read(path, as_version=4).cells[1].source for path in NOTEBOOKS]
    assert len(by_hand) == 2
    assert all("pip install --use-pep517 " in text for text in [*by_hand, *set_up])
    assert "export PIP_USE_PEP517 := 1" in MAKEFILE
    for file in ("environment.yml", "environment-tensorflow.yml"):
        environment = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
        assert "pip>=25.3" in environment["dependencies"]


def test_the_lowest_releases_that_are_tested_are_those_that_are_allowed() -> None:
    found = hub_versions.lowest("pytorch"), hub_versions.lowest("tensorflow")
    assert found == (
        ["datasets==4", "huggingface-hub==1.3", "transformers==5"],
        ["datasets==4", "huggingface-hub==0.34", "transformers==4.54.1"],
    )


def test_badges_and_set_up_cells_carry_the_repositorys_address() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "colab.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    address = PROJECT["urls"]["Repository"].removeprefix("https://github.com/")
    for path in NOTEBOOKS:
        lesson = nbformat.read(path, as_version=4)
        blob = f"/github/{address}/blob/v{PROJECT['version']}/notebooks/{path.name}"
        assert blob in lesson.cells[0].source
        assert f"{PROJECT['urls']['Repository']}@v{PROJECT['version']}" in lesson.cells[1].source


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        (["tag v{version}"], []),
        (["tag v{version}", "remote add origin {address}"], []),
        (["tag v{version}", "remote add origin git@github.com:{name}.git"], []),
        (["tag v{version}", "remote add me https://gitlab.org/me/mine"], ["no remote"]),
        (["tag v{version}", "remote add me {address}-fork"], ["no remote"]),
        (["tag v0"], ["no tag v{version}"]),
        (["remote add me {address}-fork"], ["no remote", "no tag v{version}"]),
    ],
)
def test_a_checkout_without_the_remote_or_the_tag_is_told(
    commands: list[str], said: list[str], tmp_path: Path
) -> None:
    address = PROJECT["urls"]["Repository"]
    name, version = address.removeprefix("https://github.com/"), PROJECT["version"]
    author = "-c user.name=Tests -c user.email=tests@localhost"
    assert colab.doubts(tmp_path / "no-checkout") == []
    for command in ["init", f"{author} commit --allow-empty --message=-", *commands]:
        words = command.format(address=address, name=name, version=version).split()
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)
    doubts = colab.doubts(tmp_path)
    assert len(doubts) == len(said)
    for doubt, beginning in zip(doubts, said, strict=True):
        assert beginning.format(version=version) in doubt


def test_jupyterlab_opens_the_edition_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSON_LANGUAGE", "ja")
    config = PyFileConfigLoader("jupyterlab.py", str(ROOT / "tools")).load_config()
    assert (ROOT / config.LabApp.default_url.removeprefix("/lab/tree/")).is_file()
    assert "/ja/" in config.LabApp.default_url


def test_jupyterlab_opens_lesson_1_at_the_root_and_does_not_change_it() -> None:
    command = "jupyter lab --config=tools/jupyterlab.py"
    assert command in README
    assert command in MAKEFILE
    config = PyFileConfigLoader("jupyterlab.py", str(ROOT / "tools")).load_config()
    assert config.LabApp.default_url == f"/lab/tree/notebooks/{NOTEBOOKS[0].name}"
    manager = config.ServerApp.contents_manager_class(root_dir=str(ROOT))
    for path in NOTEBOOKS:
        shown = asyncio.run(manager.get(f"notebooks/{path.name}"))["content"]
        # what JupyterLab would write into it when the kernel has started
        assert shown["metadata"].pop("language_info") == IPythonKernel.language_info
        stored = nbformat.read(path, as_version=4)
        del stored.metadata["language_info"]
        for cell in shown["cells"]:
            cell["metadata"].pop("trusted", None)
        assert shown == stored


def test_jupyterlab_asks_nothing_that_covers_the_cells() -> None:
    config = PyFileConfigLoader("jupyterlab.py", str(ROOT / "tools")).load_config()
    page = config.ServerApp.tornado_settings["page_config_hook"](None, {"disabledExtensions": []})
    [news] = page["disabledExtensions"]
    [program] = Path(sys.prefix, "share/jupyter/lab/static").glob("jlab_core.*.js")
    assert f'{{id:"{news}"' in program.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nbconvert_turns_a_lesson_into_a_program(path: Path) -> None:
    lesson = nbformat.read(path, as_version=4)
    source, resources = ScriptExporter().from_notebook_node(lesson)
    assert resources["output_extension"] == ".py"
    compile(source, path.name, "exec")


def test_reading_time_is_that_of_prose_code_and_exercises() -> None:
    cells = [
        nbformat.v4.new_markdown_cell("word " * 1599 + "[link](https://example.org/ of no weight)"),
        nbformat.v4.new_code_cell("x = 1\n\ny = 2\n" * 25),
        nbformat.v4.new_code_cell("answer = None", metadata={"tags": ["exercise"]}),
        nbformat.v4.new_markdown_cell("It is 1.", metadata={"tags": ["solution"]}),
    ]
    size = reading_time.measure(nbformat.v4.new_notebook(cells=cells))
    assert size == (1600, 51, 1)
    assert size.minutes == (15, 5)


def test_no_lesson_gives_a_parameter_another_meaning() -> None:
    """Else the cell of the settings, run again, would take what a later cell left in the name."""
    for path in NOTEBOOKS:
        lesson = nbformat.read(path, as_version=4)
        code = [cell.source for cell in lesson.cells if cell.cell_type == "code"]
        parameters = names_set_in(code[1])
        assert "profile" in parameters
        assert not parameters & {name for source in code[2:] for name in names_set_in(source)}


def names_set_in(cell: str) -> set[str]:
    """What a cell leaves behind: names that a function or a comprehension sets stay within it."""
    symbols = symtable(cell, "cell", "exec").get_symbols()
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned()}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_lesson_has_the_form_of_a_lesson(path: Path) -> None:
    lesson = nbformat.read(path, as_version=4)
    code = [cell for cell in lesson.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert code[1].metadata.tags == ["parameters"]
    assert code[1].metadata.nbmake.mock == {"profile": "smoke"}
    assert code[1].source.lstrip().startswith('profile = "full"')
    assert "run = settings.from_notebook(globals())" in code[2].source
    assert max(len(cell.source.splitlines()) for cell in code) <= 30
    tagged: dict[str, list[Any]] = {"exercise": [], "check": [], "solution": []}
    for cell in lesson.cells:
        for tag in set(cell.metadata.get("tags", [])) & set(tagged):
            tagged[tag].append(cell)
    assert len(tagged["exercise"]) == len(tagged["check"]) == len(tagged["solution"]) >= 3
    prose = [cell.source for cell in lesson.cells if cell.cell_type == "markdown"]
    assert any("minutes" in text for text in prose[:1])
    assert any("## Summary\n" in text for text in prose)
    following = NOTEBOOKS[NOTEBOOKS.index(path) + 1 :]
    if following:
        assert following[0].name in prose[-1]
