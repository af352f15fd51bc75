"""Google's official Firestore emulator for tests: found, started once per test process, and ended by it.

The jar is never part of this repository. It is what `FIRESTORE_EMULATOR_JAR` names, or what the package
`google-cloud-cli-firestore-emulator` installed. Tests that need it skip with `reason()` where it is absent. Its
deviations from production: requests over 4 MiB are refused, the Python client counts as an administrator and
skips the rules, composite queries need no index, documents are locked pessimistically.
"""

from __future__ import annotations

import atexit
import base64
import functools
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import IO, Any

_PACKAGE = "google-cloud-cli-firestore-emulator"
_MAIN = "com.google.cloud.datastore.emulator.firestore.CloudFirestore"
_QUICK_START = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.language=en"]
# The shell waits for the end of its standard input, which comes when this process closes it or dies in any way.
_UNTIL_WE_DIE = '"$@" & read -r _; kill $!; wait'
_OPEN_RULES = """rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents { match /{document=**} { allow read, write: if true; } }
}
"""


class RulesRefused(ValueError):
    """The security rules do not compile. The text is the emulator's own message."""


def jar() -> Path | None:
    """The emulator's jar on this machine, None when there is none."""
    if named := os.environ.get("FIRESTORE_EMULATOR_JAR"):
        return Path(named) if Path(named).is_file() else None
    if shutil.which("dpkg") is None:
        return None
    listing = subprocess.run(["dpkg", "-L", _PACKAGE], capture_output=True, text=True).stdout.splitlines()
    return next((Path(line) for line in listing if line.endswith("cloud-firestore-emulator.jar")), None)


@functools.cache
def reason() -> str:
    """Why the emulator cannot run here, as text for `pytest.skip`; "" when it can."""
    if jar() is None:
        return f"the official Firestore emulator is absent: install {_PACKAGE} or set FIRESTORE_EMULATOR_JAR"
    if shutil.which("java") is None:
        return "the official Firestore emulator needs java, which is absent: install Java 17 or later"
    return ""


@functools.cache
def emulator() -> Emulator:
    """The one emulator of this test process, started by the first call and ended with the process.

    Each test takes its own project (`new_project`), so nothing needs to be emptied between tests.
    """
    if why := reason():
        raise RuntimeError(why)
    started = Emulator()
    atexit.register(started.close)
    return started


def new_project() -> str:
    """A project id that no other test uses."""
    return f"demo-{uuid.uuid4().hex[:12]}"


def unsigned_jwt(uid: str, project: str, provider: str = "password", lifetime: int = 3600) -> str:
    """An ID token of a signed-in user, as the emulator takes it: without a signature. `lifetime` in seconds."""
    now = int(time.time())
    claims = {
        "iss": f"https://securetoken.google.com/{project}",
        "aud": project,
        "sub": uid,
        "user_id": uid,
        "iat": now,
        "exp": now + lifetime,
        "firebase": {"sign_in_provider": provider},
    }
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


class Emulator:
    """A running emulator. `address`: `127.0.0.1:PORT`, the value of FIRESTORE_EMULATOR_HOST.

    The constructor returns when it answers; RuntimeError with its output when it does not within a minute.
    """

    def __init__(self) -> None:
        port = _free_port()
        self.address = f"127.0.0.1:{port}"
        self._output: IO[str] = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115  # close() does it
        command = ["java", *_QUICK_START, "-cp", str(jar()), _MAIN, "--host", "127.0.0.1", "--port", str(port)]
        self._process = subprocess.Popen(
            ["sh", "-c", _UNTIL_WE_DIE, "sh", *command],
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._wait_until_ready()

    def close(self) -> None:
        """End the emulator, and only this one."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        self._process.wait(30)
        self._output.close()

    def request(self, method: str, path: str, body: Any = None, bearer: str | None = "owner") -> tuple[int, Any]:
        """One REST request: status, and the JSON (or text) of the answer, whatever the status.

        path: from the root, such as `/v1/projects/P/databases/(default)/documents/users/u`.
        bearer: `owner` is the administrator, an `unsigned_jwt` is that user, None nobody.
        """
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        data = None if body is None else json.dumps(body).encode()
        ask = urllib.request.Request(f"http://{self.address}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(ask, timeout=60) as answer:  # noqa: S310  # loopback
                return answer.status, _content(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _content(error.read())

    def reset(self, project: str) -> None:
        """Delete every document of the project's default database. Its rules stay."""
        status, answer = self.request("DELETE", f"/emulator/v1/projects/{project}/databases/(default)/documents")
        if status != 200:
            raise RuntimeError(f"The emulator did not reset {project}: {status} {answer}")

    def use_rules(self, project: str, rules: str = _OPEN_RULES) -> None:
        """Put these security rules in force for the project, at once. Raises RulesRefused."""
        body = {"rules": {"files": [{"name": "firestore.rules", "content": rules}]}}
        status, answer = self.request("PUT", f"/emulator/v1/projects/{project}:securityRules", body)
        if status != 200:
            raise RulesRefused(str(answer))

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if self.request("GET", "/")[0] == 200:
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        self._output.seek(0)
        said = self._output.read()[-2000:]
        self.close()
        raise RuntimeError(f"The Firestore emulator does not answer. It said:\n{said}")


def _content(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode(errors="replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
