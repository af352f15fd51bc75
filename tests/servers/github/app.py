"""From a request to its answer: who asks, what it costs, which function answers, and what goes wrong on the way."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
import secrets
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qsl, quote
from wsgiref.types import StartResponse, WSGIEnvironment

from waitress.channel import ClientDisconnected

from tests.servers.github import actions, bulk, contents, gitdata, graphql, history, refs, repositories
from tests.servers.github.control import Control
from tests.servers.github.exchange import DOCUMENTATION, IN_REPOSITORY, SITE, Answer, Call, Problem, Request, find
from tests.servers.github.faults import Fault, Faults
from tests.servers.github.log import Entry, Log
from tests.servers.github.quota import Quotas, exhausted, read_rate_limit
from tests.servers.github.repositories import may_read, may_write
from tests.servers.github.store import Repository, Store
from tests.servers.github.wire import TASK, Task

HANDLERS = (actions, bulk, contents, gitdata, graphql, history, refs, repositories)
"""Importing them is what registers their functions."""

_REPOSITORY = re.compile(r"/repos/([^/]+)/([^/]+)(/.*)?|/repositories/(\d+)(/.*)?", re.DOTALL)
_READING = ("GET", "HEAD")
ENTERPRISE = "/api/v3/"
"""Where a server in a company has its API; everything is found below it too."""


class App:
    """The WSGI application."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.faults = Faults()
        self.quotas = Quotas(store)
        self.log = Log()
        self.closing = threading.Event()
        self.control = Control(store, self.faults, self.quotas, self.log)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = _read(environ)
        task: Task = environ[TASK]
        base = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST') or environ['SERVER_NAME']}"
        if request.path.startswith(ENTERPRISE):
            base, request.path = base + ENTERPRISE[:-1], request.path.removeprefix(ENTERPRISE[:-1])
        if request.path.startswith("/_fake/"):
            return _send(self.control.answer(request, base), request, start_response)
        fault = self.faults.take(request.method, request.path)
        entry = Entry.of(request, fault)
        if fault and fault.unprocessed:
            self.log.add(entry)
            return self._lose(task, fault)
        answer = self._answer(request, base, fault, entry)
        answer.headers |= {
            "Date": formatdate(self.store.now(), usegmt=True),
            "X-GitHub-Request-Id": secrets.token_hex(8),
        }
        body = _damaged(answer.body, fault) if fault else answer.body
        entry.status, entry.response_bytes = answer.status, len(body)
        self.log.add(entry)
        if fault and fault.after and fault.kind != "status":
            return self._lose(task, fault)
        if fault and fault.kind == "timeout-after":
            task.hold(fault.wait(), self.closing)
        sent = _send(answer, request, start_response)
        if fault and fault.kind == "drip":
            return task.drip(body, fault.seconds, self.closing)
        return [body] if sent else []

    def _lose(self, task: Task, fault: Fault) -> Iterable[bytes]:
        if fault.kind == "reset":
            task.reset()
        if fault.kind == "garbage":
            task.babble()
        task.hold(fault.wait(), self.closing)
        raise ClientDisconnected

    def _answer(self, request: Request, base: str, fault: Fault | None, entry: Entry) -> Answer:
        """The answer, charged for in the entry, with the headers that every answer has."""
        call = Call(self.store, request, base)
        if fault:
            call.stale, call.truncated = fault.kind == "stale", fault.kind == "truncated-tree"
        try:
            self._recognise(call)
            if fault and fault.kind == "quota":
                raise exhausted(call, fault.code or 403, self.quotas.spent(login_of(call), fault.wait(3600)))
            if fault and fault.kind == "change":
                self.control.change(fault.change, base)
            if fault and fault.instead and not fault.after:
                answer = fault.answer()
            else:
                answer = self._charged(call, entry)
                answer = fault.answer() if fault and fault.instead else answer
        except Problem as problem:
            answer = problem.answer()
        except Exception:
            logging.getLogger(__name__).exception("%s %s", request.method, request.path)
            answer = Problem(500, "Server Error").answer()
        return self._dressed(call, answer)

    def _recognise(self, call: Call) -> None:
        """Find out whose token it is. Raises Problem 401 for one that is worth nothing."""
        given = call.request.headers.get("authorization", "")
        if not given:
            return
        scheme, _, token = given.partition(" ")
        if scheme.lower() == "basic":
            try:
                token = base64.b64decode(token).decode().partition(":")[2]
            except ValueError:
                token = ""
        call.token = self.store.token(token.strip())
        if call.token is None:
            raise Problem(401, "Bad credentials", {"WWW-Authenticate": 'Basic realm="GitHub"'})
        call.account = self.store.account(call.token.login)

    def _charged(self, call: Call, entry: Entry) -> Answer:
        """The true answer, which costs one request unless nothing changed since the caller last asked."""
        request, login = call.request, login_of(call)
        if bulk.is_free(request.path):
            return bulk.answer(call)
        if request.path == "/rate_limit":
            return read_rate_limit(self.quotas.of(login))
        if not self.quotas.of(login).remaining:
            raise exhausted(call)
        try:
            answer = _unchanged(call, self._dispatch(call))
        except Problem as problem:
            answer = problem.answer()
        if answer.status != HTTPStatus.NOT_MODIFIED:
            self.quotas.charge(login)
            entry.charged = True
        return answer

    def _dispatch(self, call: Call) -> Answer:
        request = call.request
        method = "GET" if request.method == "HEAD" else request.method
        match = _REPOSITORY.fullmatch(request.path)
        if match is None:
            return find(SITE, method, request.path)(call)
        owner, name, rest, number, more = match.groups()
        found = self.store.by_id(int(number)) if number else self.store.find(owner, name)
        if found is None and not number and (there := self.store.moved(owner, name)) and may_read(call, there):
            return _moved(call, there, rest or "")
        if found is None or not may_read(call, found):
            if call.account is None:
                raise Problem(401, "Requires authentication", {"WWW-Authenticate": 'Basic realm="GitHub"'})
            raise Problem(404, "Not Found")
        handler = find(IN_REPOSITORY, method, rest or more or "")
        if request.method not in _READING:
            _require_writable(call, found)
        call.found_repository, call.found_objects = found, self.store.objects(found)
        with call.objects.lock:
            if self.store.by_id(found.id) is not found:
                raise Problem(404, "Not Found")
            return handler(call)

    def _dressed(self, call: Call, answer: Answer) -> Answer:
        headers = {"X-GitHub-Media-Type": "github.v3; format=json", "Vary": "Accept, Authorization"}
        if call.token:
            if call.token.scopes is not None:
                headers |= {"X-OAuth-Scopes": call.token.scopes, "X-Accepted-OAuth-Scopes": "repo"}
            if call.token.expires is not None:
                expires = datetime.fromtimestamp(call.token.expires, UTC)
                headers["GitHub-Authentication-Token-Expiration"] = expires.strftime("%Y-%m-%d %H:%M:%S UTC")
        headers |= self.quotas.of(login_of(call)).headers()
        answer.headers = headers | answer.headers
        return answer


def login_of(call: Call) -> str | None:
    """Whose quota a call is charged on."""
    return call.account.login if call.account else None


def _read(environ: WSGIEnvironment) -> Request:
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "surrogateescape")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    return Request(environ["REQUEST_METHOD"], path, query, headers, environ["wsgi.input"].read())


def _send(answer: Answer, request: Request, start_response: StartResponse) -> list[bytes]:
    headers = [(name, re.sub(r"[^\x20-\xff]", "?", value)) for name, value in answer.headers.items()]
    has_body = answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
    if has_body:
        headers.append(("Content-Length", str(len(answer.body))))
    start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
    return [answer.body] if has_body and request.method != "HEAD" else []


def _damaged(body: bytes, fault: Fault) -> bytes:
    if fault.kind == "truncated-body":
        return body[: len(body) // 2 if fault.keep is None else fault.keep]
    if fault.kind == "flipped-byte" and body:
        at = (len(body) // 2 if fault.at is None else fault.at) % len(body)
        return body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
    return body


def _unchanged(call: Call, answer: Answer) -> Answer:
    """The answer with its ETag, or 304 when the caller has it already."""
    request = call.request
    if request.method not in _READING or answer.status != HTTPStatus.OK:
        return answer
    seed = answer.body + answer.headers.get("Link", "").encode() + (call.account.login if call.account else "").encode()
    etag = hashlib.sha256(seed).hexdigest()
    answer.headers |= {"ETag": f'W/"{etag}"', "Cache-Control": "private, max-age=60, s-maxage=60"}
    known = [one.strip().removeprefix("W/").strip('"') for one in request.headers.get("if-none-match", "").split(",")]
    if etag in known or known == ["*"]:
        return Answer(304, b"", {key: answer.headers[key] for key in ("ETag", "Cache-Control")})
    return answer


def _moved(call: Call, there: Repository, rest: str) -> Answer:
    """To the address by id: 301 for reading, 307 for anything else."""
    query = call.request.query
    where = f"{call.base}/repositories/{there.id}{quote(rest)}"
    if query:
        where += "?" + "&".join(f"{quote(key)}={quote(value)}" for key, value in query.items())
    body = {"message": "Moved Permanently", "url": where, "documentation_url": f"{DOCUMENTATION}/#http-redirects"}
    return Answer.of(body, 301 if call.request.method in _READING else 307, {"Location": where})


def _require_writable(call: Call, found: Repository) -> None:
    if call.account is None or call.token is None:
        raise Problem(401, "Requires authentication")
    if not call.token.write or not may_write(call, found):
        needed = {"X-Accepted-GitHub-Permissions": "contents=write"}
        raise Problem(403, "Resource not accessible by personal access token", needed)
    if found.archived and call.request.method != "PATCH":
        raise Problem(403, "Repository was archived so is read-only.")
