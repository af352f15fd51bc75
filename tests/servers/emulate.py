"""`emulate` from npm, whose GitHub is none of ours: what the `github` replica must get on with too.

The package is installed once, outside this repository; tests that need it skip with `reason()` where that fails.
Where it differs from GitHub: unknown tokens count as the first user, nothing has an ETag, addresses of refs lead to
404, an empty repository takes blobs, foreign private ones are 403, commits have ids of its own, nothing lasts.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import requests
from filelock import FileLock

VERSION = "0.11.2"
TOKENS = {"alice": "tok_alice", "bob": "tok_bob"}
"""Its users, with a token of each."""

_NODE_MAJOR = 20
_INSTALL_SECONDS = 180
_READY_SECONDS = 20
_PROGRAM = Path("node_modules", "emulate", "dist", "index.js")
# The shell waits for the end of its standard input, which comes when this process closes it or dies in any way.
_UNTIL_WE_DIE = '"$@" & read -r _; kill $!; wait'


@functools.cache
def reason() -> str:
    """Why it cannot run here, as text for `pytest.skip`; "" when it can. Installs it when it is not there."""
    node = shutil.which("node")
    if node is None:
        return f"emulate needs Node.js {_NODE_MAJOR} or newer, which is absent"
    found = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    if not (match := re.match(r"v(\d+)", found)) or int(match[1]) < _NODE_MAJOR:
        return f"emulate needs Node.js {_NODE_MAJOR} or newer; this one is {found.strip() or 'broken'}"
    if shutil.which("npm") is None and not (_cache() / _PROGRAM).exists():
        return "emulate is installed with npm, which is absent"
    return _install()


class Emulate:
    """One running server; whatever is made in it is gone with it. Raises RuntimeError when it does not begin."""

    def __init__(self) -> None:
        if why := reason():
            raise RuntimeError(why)
        self.token = TOKENS["alice"]
        self._folder = tempfile.TemporaryDirectory(prefix="emulate-")
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        seed = Path(self._folder.name, "seed.yaml")
        seed.write_text(json.dumps(_seed()))  # JSON is YAML too
        program = ["node", str(_cache() / _PROGRAM), "start", "--service", "github", "--port", str(port)]
        with Path(self._folder.name, "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _UNTIL_WE_DIE, "sh", *program, "--seed", seed, "--base-url", self.url],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder.name,
            )
        atexit.register(self.close)
        self._await()

    def close(self) -> None:
        """End it, and nothing else."""
        atexit.unregister(self.close)
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait()
        self._folder.cleanup()

    def _await(self) -> None:
        """Until it answers as itself: another program on the port would not know the user."""
        headers = {"Authorization": f"token {self.token}"}
        end = time.monotonic() + _READY_SECONDS
        while self._process.poll() is None and time.monotonic() < end:
            try:
                if requests.get(f"{self.url}/user", headers=headers, timeout=5).json().get("login") == "alice":
                    return
            except (requests.RequestException, ValueError):
                time.sleep(0.05)
        said = Path(self._folder.name, "log").read_text("utf-8", "replace")[-500:]
        self.close()
        raise RuntimeError(f"emulate did not begin to answer within {_READY_SECONDS} seconds: {said}")


def _seed() -> dict[str, object]:
    tokens = {token: {"login": login, "scopes": ["repo", "user", "delete_repo"]} for login, token in TOKENS.items()}
    return {"tokens": tokens, "github": {"users": [{"login": login, "name": login} for login in TOKENS]}}


def _cache() -> Path:
    named = os.environ.get("XDG_CACHE_HOME")
    home = Path(named) if named else Path.home() / ".cache"
    return home / "netto-tui-tests" / f"emulate-{VERSION}"


def _install() -> str:
    """Install it, once for all test processes; what went wrong, "" when it is there."""
    cache = _cache()
    try:
        cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(cache.with_name(f"{cache.name}.lock"), timeout=_INSTALL_SECONDS):
            if (cache / _PROGRAM).exists():
                return ""
            with tempfile.TemporaryDirectory(dir=cache.parent) as new:
                where = Path(new, "emulate")
                where.mkdir()
                options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save"]
                done = subprocess.run(
                    ["npm", "install", "--prefix", str(where), *options, f"emulate@{VERSION}"],
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=_INSTALL_SECONDS,
                    stdin=subprocess.DEVNULL,
                )
                if done.returncode or not (where / _PROGRAM).exists():
                    code = re.search(r"npm (?:error|ERR!) code (\S+)", done.stderr)
                    return f"npm could not install emulate@{VERSION} ({code[1] if code else 'no network?'})"
                shutil.rmtree(cache, ignore_errors=True)
                where.rename(cache)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"emulate@{VERSION} could not be installed: {type(error).__name__}"
    return ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
