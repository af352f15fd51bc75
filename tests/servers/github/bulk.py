"""Everything at once: archives, and Git's own protocol over HTTP. None of it counts on the quota."""

from __future__ import annotations

import gzip
import io
import re
import secrets
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from dulwich.repo import Repo
from dulwich.server import Backend
from dulwich.web import make_wsgi_chain

from tests.servers.github.exchange import Answer, Call, Problem, on_repository
from tests.servers.github.objects import Objects
from tests.servers.github.repositories import may_read, may_write

CODELOAD = "/_codeload/"
_GIT = re.compile(r"/([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)")
_ARCHIVE = re.compile(r"/_codeload/(\d+)/legacy\.(tar\.gz|zip)/([0-9a-f]{40})")
_SYMLINK = 0o120000


@on_repository("GET", "/{kind}ball")
@on_repository("GET", "/{kind}ball/{ref*}")
def redirect_to_archive(call: Call, kind: str, ref: str = "") -> Answer:
    """302 to the place where the archive of a ref is, for whoever has the ticket in that address."""
    sha = call.objects.resolve(ref or call.repository.default_branch)
    if kind not in ("tar", "zip") or sha is None:
        raise Problem(404, "Not Found")
    path = f"{CODELOAD}{call.repository.id}/legacy.{'tar.gz' if kind == 'tar' else 'zip'}/{sha}"
    ticket = secrets.token_hex(16)
    call.store.tickets[ticket] = path
    return Answer(302, b"", {"Location": f"{call.base}{path}?token={quote(ticket)}"})


def is_free(path: str) -> bool:
    """Whether a path is no part of the API."""
    return path.startswith(CODELOAD) or (_GIT.fullmatch(path) is not None and not path.startswith("/repos/"))


def answer(call: Call) -> Answer:
    """Answer such a path."""
    if match := _ARCHIVE.fullmatch(call.request.path):
        return _archive(call, *match.groups())
    if match := _GIT.fullmatch(call.request.path):
        return _git(call, *match.groups())
    raise Problem(404, "Not Found")


def _archive(call: Call, number: str, kind: str, sha: str) -> Answer:
    found = call.store.by_id(int(number))
    if found is None or call.store.tickets.get(call.request.query.get("token", "")) != call.request.path:
        raise Problem(404, "Not Found")
    objects = call.store.objects(found)
    top = f"{found.owner}-{found.name}-{sha[:7]}"
    with objects.lock:
        data = _tar(objects, sha, top) if kind == "tar.gz" else _zip(objects, sha, top)
    content_type = "application/x-gzip" if kind == "tar.gz" else "application/zip"
    disposition = f"attachment; filename={top}.{kind}"
    return Answer(200, data, {"Content-Type": content_type, "Content-Disposition": disposition})


def _files(objects: Objects, sha: str) -> Iterator[tuple[str, int, bytes]]:
    commit = objects.commit(sha)
    assert commit is not None, sha
    for entry in objects.walk(commit.tree.decode()):
        if blob := objects.blob(entry.sha):
            yield entry.path, entry.mode, blob.as_raw_string()


def _tar(objects: Objects, sha: str, top: str) -> bytes:
    """As `git archive` makes it: one folder on top, the commit's time and its id in a comment."""
    commit = objects.commit(sha)
    when = commit.commit_time if commit else 0
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": sha}) as archive:
        folder = tarfile.TarInfo(top)
        folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o775, when
        archive.addfile(folder)
        for path, mode, data in _files(objects, sha):
            member = tarfile.TarInfo(f"{top}/{path}")
            member.size, member.mode, member.mtime = len(data), 0o775 if mode & 0o111 else 0o664, when
            if mode == _SYMLINK:
                member.type, member.size = tarfile.SYMTYPE, 0
                member.linkname = data.decode("utf-8", "surrogateescape")
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), mtime=0)


def _zip(objects: Objects, sha: str, top: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = sha.encode()
        archive.mkdir(top)
        for path, _, data in _files(objects, sha):
            archive.writestr(f"{top}/{path}", data)
    return made.getvalue()


class _One(Backend):
    """The one repository that the request is about."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo

    def open_repository(self, path: str) -> Any:
        return self._repo


def _git(call: Call, owner: str, name: str, service: str) -> Answer:
    """Clone, fetch and push; a name and a token go in as user and password."""
    found = call.store.find(owner, name) or call.store.moved(owner, name)
    pushing = "git-receive-pack" in (service, call.request.query.get("service"))
    if call.account is None and (pushing or found is None or found.visibility != "public"):
        raise Problem(401, "Requires authentication", {"WWW-Authenticate": 'Basic realm="GitHub"'})
    if found is None or not may_read(call, found):
        raise Problem(404, "Not Found")
    if pushing and not (may_write(call, found) and call.token and call.token.write and not found.archived):
        raise Problem(403, "Write access to repository not granted.")
    objects = call.store.objects(found)
    with objects.lock:
        before = objects.refs()
        given = _run(objects.repo, call, service)
        after = objects.refs()
        for ref in before.keys() | after.keys():
            if before.get(ref) != after.get(ref):
                objects.previous[ref] = before.get(ref)
        if before != after:
            call.store.touched(found)
    return given


def _run(repo: Repo, call: Call, service: str) -> Answer:
    request, written = call.request, io.BytesIO()
    made = Answer()

    def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> Callable[[bytes], object]:
        made.status, made.headers = int(status.split()[0]), dict(headers)
        return written.write

    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "PATH_INFO": f"/repository/{service}",
        "QUERY_STRING": "&".join(f"{quote(key)}={quote(value)}" for key, value in request.query.items()),
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "wsgi.input": io.BytesIO(request.body),
    }
    for chunk in make_wsgi_chain(_One(repo))(environ, start_response):
        written.write(chunk)
    made.headers.pop("Date", None)
    made.body = written.getvalue()
    return made
