"""A stand-in for the Hugging Face Hub on loopback, so that tests really download over HTTP.

It speaks the part of the Hub's HTTP interface that 🤗 Datasets and Transformers use to read a
repository (its description, its list of files, and the files) and that ``upload_folder`` uses to
write one: to create it, upload large files by the LFS protocol, and commit.

    with StandInHub() as hub:
        hub.add("dataset", "wnut_17", {"wnut_17/train/0000.parquet": b"..."}, revision="main")
        hub.python("from helpers import data; ...", home=tmp_path)

Source: https://huggingface.co/docs/hub/api
"""

import base64
import hashlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

Kind = Literal["dataset", "model"]
PROJECT = Path(__file__).resolve().parent.parent


class Commit(NamedTuple):
    """One revision of a repository."""

    sha: str
    files: Mapping[str, bytes]


class StandInHub:
    """A server of repositories that lives as long as its ``with`` block.

    Attributes:
        requests: The method and path of every request so far, such as
            ``"GET /datasets/wnut_17/resolve/main/README.md"``.
        token: The token of the one user, ``someone``, who may write.
        private: The repositories that were created as private ones.
        drop: A word; a request with it in its path is cut off without an answer.
    """

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.token = f"hf_{secrets.token_hex(17)}"
        self.private: set[str] = set()
        self.drop: str | None = None
        self.objects: dict[str, bytes] = {}
        self.commits: dict[tuple[str, str], dict[str, Commit]] = {}
        self.moved: dict[tuple[str, str], str] = {}

        class Handler(_Handler):
            hub = self

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def add(
        self,
        kind: Kind,
        repo: str,
        files: Mapping[str, bytes],
        *,
        revision: str = "main",
        commit: str | None = None,
    ) -> str:
        """Put the files on a branch or tag of a repository, and return their commit.

        Args:
            kind: What the repository holds.
            repo: Its name.
            files: The content of each file.
            revision: The branch or tag.
            commit: The name of the commit; ``None`` makes one of the content.
        """
        content = repr((repo, revision, sorted(files.items()))).encode()
        sha = commit or hashlib.sha1(content).hexdigest()
        revisions = self.commits.setdefault((f"{kind}s", repo), {})
        revisions[revision] = revisions[sha] = Commit(sha, dict(files))
        return sha

    def files(self, repo: str) -> Mapping[str, bytes]:
        """What the main branch of a model's repository holds."""
        return self.commits["models", repo]["main"].files

    def environment(self, *, home: Path, logged_in: bool = False) -> dict[str, str]:
        """The environment of a program that sees this hub and no other.

        Args:
            home: The folder of its caches.
            logged_in: Whether it has the token of the user.
        """
        ours = ("HF_", "TRANSFORMERS_")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        proxies = {name: "" for name in clean if name.lower().endswith("_proxy")}
        settings = {"HF_ENDPOINT": self.endpoint, "HF_HOME": str(home), "PYTHONPATH": str(PROJECT)}
        settings["HF_HUB_DISABLE_XET"] = "1"  # the stand-in stores large files by LFS alone
        token = {"HF_TOKEN": self.token} if logged_in else {}
        return {**clean, **proxies, **settings, **token}

    def redirect(self, kind: Kind, old: str, new: str) -> None:
        """Send whoever asks for a repository by its old name to its new one."""
        self.moved[f"{kind}s", old] = new

    @property
    def endpoint(self) -> str:
        """The address to give to ``HF_ENDPOINT``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def python(self, code: str, *, home: Path, logged_in: bool = False) -> Any:
        """Run a program that sees this hub and no other, whether it still answers or not.

        Args:
            code: The program; ``report(value)`` hands a JSON value back.
            home: The folder of its caches.
            logged_in: Whether it has the token of the user.

        Returns:
            What it reported last.
        """
        prologue = (
            "import json\n"
            "def report(value): print('REPORT', json.dumps(value), flush=True)\n"
            "def message(call):\n"
            "    try: call()\n"
            "    except Exception as error: return f'{type(error).__name__}: {error}'\n"
            "    return 'no error'\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", prologue + code],
            env=self.environment(home=home, logged_in=logged_in),
            capture_output=True,
            text=True,
            check=False,
        )
        reports = [line for line in done.stdout.splitlines() if line.startswith("REPORT ")]
        assert done.returncode == 0, done.stderr
        assert self.token not in done.stdout + done.stderr
        return json.loads(reports[-1].removeprefix("REPORT "))

    def stop(self) -> None:
        """Stop answering, as a hub out of reach does; the address stays the same."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._thread.is_alive():
            self.stop()


class _Handler(BaseHTTPRequestHandler):
    hub: StandInHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/api/"):
            self._api(path.removeprefix("/api/"))
        else:
            self._resolve(path.removeprefix("/"))

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        if path.endswith("/paths-info") or "/paths-info/" in path:
            self._api(path.removeprefix("/api/"))
        else:
            self._write(path.removeprefix("/api/"), self._body())

    def do_PUT(self) -> None:
        """Take a large file, whose address is known to who was told where to put it."""
        content = self._body()
        self.hub.requests.append(f"PUT {self.path}")
        if self._dropped():
            return
        self.hub.objects[hashlib.sha256(content).hexdigest()] = content
        self._send(200, b"", {})

    def _write(self, path: str, body: bytes) -> None:
        """Answer who creates a repository, asks how to upload files, or commits them."""
        self.hub.requests.append(f"POST {self.path}")
        if self._dropped():
            return
        if path == "validate-yaml":
            self._json({"errors": [], "warnings": []})
        elif self.headers["Authorization"] != f"Bearer {self.hub.token}":
            self._refuse(401, "", "Invalid username or password.")
        elif path == "repos/create":
            self._create(json.loads(body))
        elif "/preupload/" in path:
            names = [file["path"] for file in json.loads(body)["files"]]
            self._json({"files": [_upload_mode(name) for name in names]})
        elif path.endswith(".git/info/lfs/objects/batch"):
            wanted = [entry["oid"] for entry in json.loads(body)["objects"]]
            self._json(
                {"transfer": "basic", "objects": [self._where_to_put(oid) for oid in wanted]}
            )
        else:
            self._commit(path.removeprefix("models/").partition("/commit/")[0], body)

    def _create(self, wanted: dict[str, Any]) -> None:
        repo = f"{wanted.get('organization') or 'someone'}/{wanted['name']}"
        there = ("models", repo) in self.hub.commits
        if not there:
            self.hub.add("model", repo, {})
            if wanted.get("private") or wanted.get("visibility") == "private":
                self.hub.private.add(repo)
        self._json({"url": f"{self.hub.endpoint}/{repo}", "name": repo}, 409 if there else 200)

    def _where_to_put(self, oid: str) -> dict[str, Any]:
        there = oid in self.hub.objects
        upload = {"upload": {"href": f"{self.hub.endpoint}/objects/{oid}"}}
        return {"oid": oid, "size": 1} | ({} if there else {"actions": upload})

    def _commit(self, repo: str, body: bytes) -> None:
        files = dict(self.hub.files(repo))
        for line in body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
        sha = self.hub.add("model", repo, files)
        self._json(
            {
                "success": True,
                "commitOid": sha,
                "commitUrl": f"{self.hub.endpoint}/{repo}/commit/{sha}",
            }
        )

    def _body(self) -> bytes:
        """Read what a client sends, in one piece of known length or in chunks."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _dropped(self) -> bool:
        """Cut the connection where the test says so, as a network that fails does."""
        if not self.hub.drop or self.hub.drop not in self.path:
            return False
        self.close_connection = True
        return True

    def _api(self, path: str) -> None:
        """Answer ``<kind>s/<repo>[/<question>/<revision>[/<folder>]]``."""
        found = self._split(path, ("revision", "tree", "paths-info"))
        if found is None:
            return
        repo, question, commit, rest = found
        if question == "paths-info":
            self._json(list(_entries(commit, only=self._paths())))
        elif question == "tree":
            recursive = "recursive=true" in urlsplit(self.path).query.lower()
            self._json(list(_entries(commit, under=rest, recursive=recursive)))
        else:
            siblings = [{"rfilename": name} for name in commit.files]
            self._json(
                {
                    "id": repo,
                    "sha": commit.sha,
                    "siblings": siblings,
                    "private": repo in self.hub.private,
                }
            )

    def _resolve(self, path: str) -> None:
        """Answer ``[datasets/]<repo>/resolve/<revision>/<file>``."""
        kind = "" if path.startswith("datasets/") else "models/"
        found = self._split(kind + path, ("resolve",))
        if found is None:
            return
        _, _, commit, name = found
        if name not in commit.files:
            self._refuse(404, "EntryNotFound", "Entry not found", commit.sha)
            return
        content = commit.files[name]
        self._send(
            200,
            content,
            {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": commit.sha},
        )

    def _split(self, path: str, questions: tuple[str, ...]) -> tuple[str, str, Commit, str] | None:
        """Find the repository, the question, the commit and the rest; ``None`` once refused."""
        self.hub.requests.append(f"{self.command} {self.path}")
        kind, _, rest = path.partition("/")
        words = rest.split("/")
        at = next((index for index, word in enumerate(words) if word in questions), len(words))
        repo, question = "/".join(words[:at]), "".join(words[at : at + 1])
        revision = unquote("".join(words[at + 1 : at + 2])) or "main"
        if (kind, repo) in self.hub.moved:
            new = self.path.replace(f"/{repo}/", f"/{self.hub.moved[kind, repo]}/", 1)
            self._send(307, b"", {"Location": new})
            return None
        revisions = self.hub.commits.get((kind, repo))
        if revisions is None:
            self._refuse(401, "RepoNotFound", "Invalid username or password.")
            return None
        if revision not in revisions:
            self._refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return None
        return repo, question, revisions[revision], unquote("/".join(words[at + 2 :]))

    def _paths(self) -> list[str]:
        body = self._body().decode()
        if self.headers["Content-Type"] == "application/json":
            return list(json.loads(body)["paths"])
        return parse_qs(body)["paths"]

    def _refuse(self, status: int, code: str, message: str, sha: str | None = None) -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": message}
        self._send(status, b"", headers | ({"X-Repo-Commit": sha} if sha else {}))

    def _json(self, value: object, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent; ``requests`` keeps the record."""


def _entries(
    commit: Commit, *, under: str = "", recursive: bool = True, only: list[str] | None = None
) -> Iterator[dict[str, Any]]:
    """List files and folders as the Hub does, all those below a folder or the named ones."""
    folders = {str(parent) for name in commit.files for parent in Path(name).parents if parent.name}
    for path in sorted({*commit.files, *folders}):
        inside = path.startswith(f"{under}/") if under else True
        deep = "/" in path.removeprefix(f"{under}/" if under else "")
        wanted = path in only if only is not None else inside and (recursive or not deep)
        if wanted and path in folders:
            yield {"type": "directory", "path": path, "size": 0, "oid": _oid(path.encode())}
        elif wanted:
            content = commit.files[path]
            yield {"type": "file", "path": path, "size": len(content), "oid": _oid(content)}


def _upload_mode(name: str) -> dict[str, Any]:
    mode = "lfs" if name.endswith(".safetensors") else "regular"
    return {"path": name, "uploadMode": mode, "shouldIgnore": False}


def _oid(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()
