"""The Firebase Rules API, the part of Firestore's that settles indexes, and Google's sign-in, on 127.0.0.1.

It keeps rulesets, releases and fields as Google's reference describes them, and demands the token that it gave.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs

import jwt

_FIELD = re.compile(
    r"(projects/[^/]+/databases/[^/]+/collectionGroups/[^/]+/fields/[^/?]+)(?:\?updateMask=indexConfig)?"
)

EMAIL = "backup@some-project.iam.gserviceaccount.com"


class RulesApi:
    """The service for one project. rulesets: text by name. releases: ruleset name by release name.

    fields: what somebody chose for a field, by its resource name; all others have the usual indexes.
    faults: method and the end of a path, to the status and body that it answers instead.
    """

    def __init__(self, project: str = "some-project") -> None:
        self.project = project
        self.rulesets: dict[str, str] = {}
        self.releases: dict[str, str] = {}
        self.fields: dict[str, list[Any]] = {}
        self.faults: dict[tuple[str, str], tuple[int, Any]] = {}
        self.log: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def release(self, text: str, name: str = "cloud.firestore") -> str:
        """Put rules in force as somebody else would; the ruleset's name."""
        ruleset = self._keep(text)
        self.releases[f"projects/{self.project}/releases/{name}"] = ruleset
        return ruleset

    def in_force(self, name: str = "cloud.firestore") -> str:
        """The text of the rules in force."""
        return self.rulesets[self.releases[f"projects/{self.project}/releases/{name}"]]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and JSON (or text) for a request below /v1/."""
        rulesets, releases = (f"projects/{self.project}/{kind}" for kind in ("rulesets", "releases"))
        if not path.startswith(f"projects/{self.project}/"):
            return 403, _problem(403, "The caller does not have permission", "PERMISSION_DENIED")
        if method == "POST" and path == rulesets:
            text = body["source"]["files"][0]["content"]
            if "service cloud.firestore" not in text:
                return 400, _problem(400, "ERROR: no service", "INVALID_ARGUMENT")
            return 200, {"name": self._keep(text), "source": body["source"]}
        if method == "GET" and path in self.rulesets:
            files = [{"name": "firestore.rules", "content": self.rulesets[path]}]
            return 200, {"name": path, "source": {"files": files}}
        if found := _FIELD.fullmatch(path):
            return self._field(method, found[1], body)
        wanted = body.get("release", body) if body else {}
        if method == "POST" and path == releases:
            if wanted["name"] in self.releases:
                return 409, _problem(409, "Requested entity already exists", "ALREADY_EXISTS")
            return self._set(wanted)
        if path in self.releases:
            if method == "PATCH":
                return self._set({"name": path, "rulesetName": body["release"]["rulesetName"]})
            return 200, {"name": path, "rulesetName": self.releases[path]}
        return 404, _problem(404, "Requested entity was not found.", "NOT_FOUND")

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _field(self, method: str, name: str, body: Any) -> tuple[int, Any]:
        """The setting of one field; a change is an operation that goes on behind."""
        if method == "PATCH":
            if body["name"] != name:
                return 400, _problem(400, "The name does not match", "INVALID_ARGUMENT")
            self.fields[name] = body["indexConfig"]["indexes"]
            return 200, {"name": f"{name.partition('/collectionGroups/')[0]}/operations/1"}
        ancestor = {"ancestorField": f"{name.partition('/collectionGroups/')[0]}/collectionGroups/__default__/fields/*"}
        if name in self.fields:  # what is empty or false is left out, as always in Google's JSON
            chosen = self.fields[name]
            return 200, {"name": name, "indexConfig": ancestor | ({"indexes": chosen} if chosen else {})}
        usual = {"usesAncestorConfig": True, "indexes": [{"queryScope": "COLLECTION"}]}
        return 200, {"name": name, "indexConfig": {**ancestor, **usual}}

    def _keep(self, text: str) -> str:
        name = f"projects/{self.project}/rulesets/{len(self.rulesets):08x}"
        self.rulesets[name] = text
        return name

    def _set(self, release: dict[str, str]) -> tuple[int, Any]:
        if release["rulesetName"] not in self.rulesets:
            return 400, _problem(400, "The ruleset does not exist", "INVALID_ARGUMENT")
        self.releases[release["name"]] = release["rulesetName"]
        return 200, release


def _problem(status: int, message: str, name: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "status": name}}


def _handler(api: RulesApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve()

        do_POST = do_PATCH = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def _serve(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = self._answer(data)
            content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if isinstance(answer, str) else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _answer(self, data: bytes) -> tuple[int, Any]:
            api.log.append(f"{self.command} {self.path}")
            for (method, end), fault in api.faults.items():
                if method == self.command and self.path.endswith(end):
                    return fault
            if self.path == "/token":
                return _token(data)
            if self.headers.get("Authorization") != "Bearer a-token":
                return 401, _problem(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
            path = re.sub(r"^/v1/", "", self.path)
            return api.answer(self.command, path, json.loads(data) if data else None)

    return Handler


def _token(data: bytes) -> tuple[int, Any]:
    """A token for the service account that signed; its scopes have to be those of the API."""
    claims = jwt.decode(parse_qs(data.decode())["assertion"][0], options={"verify_signature": False})
    scopes = set(claims["scope"].split())
    if claims["iss"] != EMAIL or not scopes & {
        "https://www.googleapis.com/auth/cloud-platform",
        "https://www.googleapis.com/auth/firebase",
    }:
        return 400, {"error": "invalid_scope"}
    return 200, {"access_token": "a-token", "expires_in": 3600, "token_type": "Bearer"}
