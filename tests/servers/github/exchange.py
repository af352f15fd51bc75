"""What comes in, what goes out, and which function answers what."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

if TYPE_CHECKING:
    from tests.servers.github.objects import Objects
    from tests.servers.github.store import Account, Repository, Store, Token

Json = dict[str, Any]

DOCUMENTATION = "https://docs.github.com/rest"
PAGE = 30
PAGE_LIMIT = 100


class Problem(Exception):
    """An answer of 400 and above, in the form that GitHub gives it."""

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.body = {"message": message, **more, "documentation_url": DOCUMENTATION, "status": str(status)}

    def answer(self) -> Answer:
        """The same as an answer."""
        return Answer.of(self.body, self.status, self.headers)


@dataclass
class Request:
    """One request; header names are in lower case, `path` is decoded, `query` has the last value of each name."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Json:
        """The body as an object, empty when there is none. Raises Problem 400 when it is no object."""
        if not self.body.strip():
            return {}
        try:
            found = json.loads(self.body)
        except ValueError as error:
            raise Problem(400, "Problems parsing JSON") from error
        if not isinstance(found, dict):
            raise Problem(400, "Body should be a JSON object")
        return found

    def accepts(self, kind: str) -> bool:
        """Whether `Accept` names a media type such as `raw`, with or without a version and `+json`."""
        accepted = self.headers.get("accept", "")
        return re.search(rf"application/vnd\.github\.(v3\.)?{kind}(\+json)?\s*(,|;|$)", accepted) is not None


@dataclass
class Answer:
    """One answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
        """JSON."""
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        return cls(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})

    @classmethod
    def raw(cls, data: bytes) -> Answer:
        """The bytes of a file."""
        return cls(200, data, {"Content-Type": "application/vnd.github.raw; charset=utf-8"})


@dataclass
class Call:
    """A request with whom it comes from and what it is about."""

    store: Store
    request: Request
    base: str
    token: Token | None = None
    account: Account | None = None
    stale: bool = False
    truncated: bool = False
    found_repository: Repository | None = None
    found_objects: Objects | None = None

    @property
    def who(self) -> Account:
        """The user of the token. Raises Problem 401 without one."""
        if self.account is None:
            raise Problem(401, "Requires authentication")
        return self.account

    @property
    def repository(self) -> Repository:
        """The repository that the path names."""
        if self.found_repository is None:
            raise Problem(404, "Not Found")
        return self.found_repository

    @property
    def objects(self) -> Objects:
        """Its Git objects and refs."""
        if self.found_objects is None:
            raise Problem(404, "Not Found")
        return self.found_objects

    @property
    def url(self) -> str:
        """The address of the repository in this API."""
        return f"{self.base}/repos/{self.repository.full_name}"

    def number(self, name: str, default: int) -> int:
        """A whole number from the query, the default when it is none."""
        value = self.request.query.get(name, "")
        return int(value) if value.isdecimal() else default

    def page(self, rows: Sequence[Any], form: Callable[[Any], Any], wrap: Callable[[list[Any]], Any] = list) -> Answer:
        """One page of rows, each in the form of the API, with the `Link` header that leads to the others."""
        size = min(max(self.number("per_page", PAGE), 1), PAGE_LIMIT)
        page = max(self.number("page", 1), 1)
        last = max((len(rows) + size - 1) // size, 1)
        where = {"first": 1, "prev": page - 1} if page > 1 else {}
        if page < last:
            where |= {"next": page + 1, "last": last}
        query = {name: value for name, value in self.request.query.items() if name != "page"}
        here = f"{self.base}{self.request.path}"
        links = [f'<{here}?{urlencode({**query, "page": at})}>; rel="{name}"' for name, at in where.items()]
        body = wrap([form(row) for row in rows[(page - 1) * size : page * size]])
        return Answer.of(body, headers={"Link": ", ".join(links)} if links else {})


Handler = Callable[..., Answer]

SITE: list[tuple[str, re.Pattern[str], Handler]] = []
"""(method, path, function) of what is no part of a repository."""

IN_REPOSITORY: list[tuple[str, re.Pattern[str], Handler]] = []
"""The same for what follows /repos/OWNER/NAME or /repositories/ID."""


def on_site(method: str, path: str) -> Callable[[Handler], Handler]:
    """Let a function answer a path; `{name}` matches one segment, `{name*}` all the rest."""
    return _register(SITE, method, path)


def on_repository(method: str, path: str) -> Callable[[Handler], Handler]:
    """The same below a repository."""
    return _register(IN_REPOSITORY, method, path)


def find(routes: list[tuple[str, re.Pattern[str], Handler]], method: str, path: str) -> Callable[[Call], Answer]:
    """The function for a method and path. Raises Problem 404."""
    for known, pattern, handler in routes:
        if known == method and (match := pattern.fullmatch(path)):
            found, values = handler, match.groupdict()
            return lambda call: found(call, **values)
    raise Problem(404, "Not Found")


def _register(
    routes: list[tuple[str, re.Pattern[str], Handler]], method: str, path: str
) -> Callable[[Handler], Handler]:
    pattern = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))

    def keep(handler: Handler) -> Handler:
        routes.append((method, re.compile(pattern, re.DOTALL), handler))
        return handler

    return keep
