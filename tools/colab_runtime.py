"""Build a runtime like Google Colab's, for the tests in ``tests/test_colab.py``.

``python tools/colab_runtime.py FOLDER`` makes an environment of the Python that runs it, with the
packages of ``colab-runtime.txt``, a stand-in for the package ``google.colab``, and a kernel that
loads it as Colab's does. What the stand-in does is what Colab's own code does with lessons: it
shows an ImportError by a handler of its own, and runs ``%pip`` as the command ``pip``.

Source: https://github.com/googlecolab/colabtools
"""

import argparse
import json
import subprocess
import sysconfig
import venv
from pathlib import Path

PACKAGES = Path(__file__).with_name("colab-runtime.txt")
KERNEL = "colab"
PIP = "pip==24.1.2"
# Apart from the others: PyTorch asks for a newer one, and Colab has it all the same.
SETUPTOOLS = ["setuptools==75.2.0", "wheel"]

_STAND_IN = {
    "__init__.py": """
def load_ipython_extension(shell):
    def show_import_error(shell, etype, value, tb, tb_offset=None):
        trace = shell.InteractiveTB.structured_traceback(etype, value, tb, tb_offset=tb_offset)
        shell._showtraceback(etype, value, [*trace, "", "NOTE: If your import is failing ..."])

    def pip(line):
        return shell.system(f"pip {line}")

    shell.set_custom_exc((ImportError,), show_import_error)
    shell.register_magic_function(pip, magic_kind="line", magic_name="pip")
""",
    "_kernel.py": """
from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell


class Shell(ZMQInteractiveShell):
    pass


class Kernel(IPythonKernel):
    shell_class = Shell
""",
    "errors.py": "class Error(Exception): pass\n",
    "userdata.py": '''
import os

from google.colab import errors


class NotebookAccessError(Exception): pass


class SecretNotFoundError(errors.Error): pass


def get(key):
    """What a learner keeps under Secrets; here an environment variable stands in for it."""
    if f"SECRET_{key}" not in os.environ:
        raise SecretNotFoundError(f"Secret {key} does not exist.")
    return os.environ[f"SECRET_{key}"]
''',
}


def build(folder: Path) -> None:
    """Make the runtime in a folder, anew."""
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    for packages in ([PIP], ["--use-pep517", "--requirement", str(PACKAGES)], SETUPTOOLS):
        subprocess.run([*pip, "--quiet", *packages], check=True)
    for name, source in _STAND_IN.items():
        _write(site_packages(folder) / "google" / "colab" / name, source)
    _write(folder / "share/jupyter/kernels" / KERNEL / "kernel.json", json.dumps(_kernel()))


def site_packages(folder: Path) -> Path:
    """The folder in which an environment keeps its packages."""
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))


def another(runtime: Path, folder: Path) -> Path:
    """Make a runtime of its own for one lesson, which begins with what the first one has.

    What a lesson installs goes into the folder; what is there already is found behind it, so that
    five lessons need not install PyTorch and TensorFlow five times.

    Returns:
        The folder of the environment's programs.
    """
    venv_of = [str(runtime / "bin" / "python"), "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(venv_of, check=True)
    _write(site_packages(folder) / "runtime.pth", f"{site_packages(runtime)}\n")
    pip = folder / "bin" / "pip"
    _write(pip, f'#!/bin/sh\nexec "{folder}/bin/python" -m pip "$@"\n')
    pip.chmod(0o755)
    return folder / "bin"


def _kernel() -> dict[str, object]:
    kernel_class = "--IPKernelApp.kernel_class=google.colab._kernel.Kernel"
    launch = ["-m", "ipykernel_launcher", "-f", "{connection_file}", "--ext=google.colab"]
    # by name, so that it is the Python of whichever runtime stands first in PATH
    return {
        "argv": ["/usr/bin/env", "python", *launch, kernel_class],
        "display_name": "Like Colab",
        "language": "python",
    }


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Make the runtime in the folder that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    build(parser.parse_args().folder.resolve())


if __name__ == "__main__":
    main()
