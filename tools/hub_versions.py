"""Run the tests of the Hub with the lowest and the highest allowed releases of its libraries.

``python tools/hub_versions.py FOLDER`` makes an environment for each in the folder. The lowest
releases are the bounds in ``pyproject.toml``, for each of the two frameworks; the highest are the
newest that there are. The Hub is the tests' stand-in.
"""

import argparse
import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = ("datasets", "huggingface-hub", "transformers")
# What the rooms that meet the Hub need, and their tests.
OTHERS = ["charset-normalizer", "hypothesis", "packaging", "pydantic>=2", "pytest", "regex"]
TESTS = [f"tests/test_{room}.py" for room in ("hub", "data", "models")]


def lowest(extra: str) -> list[str]:
    """Turn the bounds of the package and of one of its extras into the lowest releases."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds: dict[str, Version] = {}
    for line in [*project["dependencies"], *project["optional-dependencies"][extra]]:
        need = Requirement(line)
        for bound in need.specifier:
            if need.name in LIBRARIES and bound.operator in (">=", "=="):
                found = Version(bound.version)
                bounds[need.name] = max(found, bounds.get(need.name, found))
    return [f"{name}=={bounds[name]}" for name in LIBRARIES]


def main() -> int:
    """Test every set of releases; the exit code says whether all passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    releases = {
        "lowest-pytorch": lowest("pytorch"),
        "lowest-tensorflow": lowest("tensorflow"),
        "highest": list(LIBRARIES),
    }
    failed = []
    for name, packages in releases.items():
        print(f"{name}: {', '.join(packages)}", flush=True)
        venv.create(folder / name, with_pip=True, clear=True)
        python = [str(folder / name / "bin" / "python"), "-m"]
        subprocess.run([*python, "pip", "install", "--quiet", *packages, *OTHERS], check=True)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command = [*python, "pytest", "-p", "no:cacheprovider", "-k", "hub or network", *TESTS]
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
