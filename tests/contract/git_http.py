"""A real Git server over HTTP for tests: `git http-backend`, one process a request."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment


def available() -> bool:
    """Whether this machine has Git with its HTTP backend."""
    return shutil.which("git") is not None and _backend().exists()


def _backend() -> Path:
    where = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True).stdout.strip()
    return Path(where) / "git-http-backend"


class GitServer:
    """Serves the repositories below a directory. `faults`: what becomes of the next requests.

    Each fault is `500` (before anything is done), `drop` (done, but the answer is lost) or `401`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults: list[str] = []
        self.requests: list[str] = []
        self._server = make_server("127.0.0.1", 0, self._answer, _Threading, _Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def create(self, name: str) -> Path:
        """Make an empty bare repository that takes pushes."""
        path = self.root / name
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True)
        subprocess.run(["git", "-C", path, "config", "http.receivepack", "true"], check=True)
        return path

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        is_push = environ["PATH_INFO"].endswith("git-receive-pack") and environ["REQUEST_METHOD"] == "POST"
        fault = self.faults.pop(0) if self.faults and (is_push or self.faults[0] != "drop") else ""
        if fault in ("500", "401"):
            start_response(f"{fault} Fault", [("Content-Length", "0")])
            return [b""]
        code, headers, body = self._run(environ)
        if fault == "drop":
            raise ConnectionResetError("the answer is lost")
        start_response(code, headers)
        return [body]

    def _run(self, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
        stream = environ["wsgi.input"]
        data = b""
        if environ.get("HTTP_TRANSFER_ENCODING") == "chunked":
            while size := int(stream.readline().split(b";")[0], 16):
                data += stream.read(size)
                stream.readline()
        else:
            data = stream.read(int(environ.get("CONTENT_LENGTH") or 0))
        variables: dict[str, Any] = {key: str(value) for key, value in environ.items() if isinstance(value, str)}
        variables |= {"GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1", "PATH": os.environ["PATH"]}
        variables |= {"CONTENT_LENGTH": str(len(data)), "REMOTE_USER": "test"}
        done = subprocess.run([_backend()], input=data, env=variables, capture_output=True, check=False)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        fields = [line.partition(": ")[::2] for line in head.decode().splitlines()]
        code = next((value for key, value in fields if key.lower() == "status"), "200 OK")
        return code, [(key, value) for key, value in fields if key.lower() != "status"], body


class _Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Faults are meant; no traceback."""


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Nothing on the terminal."""
