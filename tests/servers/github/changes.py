"""What others may do to a repository, a token or the service between two requests of a client."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dulwich.objects import Blob

from tests.servers.github.actions import set_run
from tests.servers.github.exchange import Call, Problem, Request
from tests.servers.github.gitdata import add_commit, moment
from tests.servers.github.objects import HEADS, Objects
from tests.servers.github.quota import Quotas
from tests.servers.github.store import Repository, Store

_FILE_MODE = 0o100644


@dataclass
class Change:
    """What a change is about; `full_name` may be empty."""

    store: Store
    quotas: Quotas
    base: str
    full_name: str

    @property
    def repository(self) -> Repository:
        """The repository. Raises Problem 404."""
        found = self.store.find(*self.full_name.partition("/")[::2])
        if found is None:
            raise Problem(404, f"There is no repository {self.full_name!r}")
        return found

    @property
    def objects(self) -> Objects:
        """Its objects."""
        return self.store.objects(self.repository)

    def head(self, branch: str | None) -> tuple[str, str]:
        """(ref, commit) of a branch, the default one for None. Raises Problem 404."""
        name = branch or self.repository.default_branch
        sha = self.objects.branches().get(name)
        if sha is None:
            raise Problem(404, f"There is no branch {name!r}")
        return f"{HEADS}{name}", sha

    def commit(self, tree: str, parents: list[str], message: str) -> str:
        """A commit by the owner of the repository."""
        owner = self.store.account(self.repository.owner)
        call = Call(self.store, Request("POST", "", {}, {}, b""), self.base, account=owner)
        call.found_repository, call.found_objects = self.repository, self.objects
        return add_commit(call, tree, parents, message, {})

    def tree(self, commit: str) -> str:
        """The tree of a commit."""
        found = self.objects.commit(commit)
        assert found is not None, commit
        return str(found.tree.decode())

    def move(self, ref: str, old: str | None, new: str) -> str:
        """Move a ref wherever it shall go."""
        self.objects.move(ref, old, new, force=True)
        self.store.touched(self.repository)
        return new


def force_push(change: Change, branch: str | None = None, to: str | None = None, steps: int = 1) -> str:
    """Move a branch to a commit, or some first parents back."""
    with change.objects.lock:
        ref, sha = change.head(branch)
        new = to or sha
        for _ in range(0 if to else steps):
            commit = change.objects.commit(new)
            if commit is None or not commit.parents:
                raise Problem(400, "There is nothing that far back")
            new = commit.parents[0].decode()
        if change.objects.commit(new) is None:
            raise Problem(400, f"{new} is no commit")
        return change.move(ref, sha, new)


def squash(change: Change, branch: str | None = None) -> str:
    """Replace the history of a branch by one commit of the same tree."""
    with change.objects.lock:
        ref, sha = change.head(branch)
        return change.move(ref, sha, change.commit(change.tree(sha), [], "Squashed"))


def commit(
    change: Change, path: str, content: str | None = "", branch: str | None = None, message: str = "Other"
) -> str:
    """Let another writer add, replace or (content null) delete a file."""
    with change.objects.lock:
        name = branch or change.repository.default_branch
        head = change.objects.branches().get(name)
        entry = None if content is None else (_FILE_MODE, change.objects.add(Blob.from_string(content.encode())))
        try:
            tree = change.objects.edit(change.tree(head) if head else None, {path: entry})
        except KeyError as error:
            raise Problem(404, f"There is no file {path!r}") from error
        return change.move(f"{HEADS}{name}", head, change.commit(tree, [head] if head else [], message))


def set_visibility(change: Change, visibility: str, private: bool | None = None) -> None:
    """Make it public, internal or private; `private` may contradict."""
    found = change.repository
    found.visibility, found.private = visibility, visibility != "public" if private is None else private
    change.store.touched(found, pushed=False)


def rename(change: Change, name: str) -> None:
    """Give it another name."""
    change.store.move_repository(change.repository, change.repository.owner, name)


def transfer(change: Change, owner: str) -> None:
    """Give it to another account."""
    change.store.move_repository(change.repository, owner, change.repository.name)


def wipe(change: Change) -> int:
    """Delete it, and create an empty one of the same name; its id is another."""
    old = change.repository
    with change.objects.lock:
        change.store.delete_repository(old)
        return change.store.create_repository(old.owner, old.name, old.visibility).id


def delete(change: Change) -> None:
    """Delete it."""
    with change.objects.lock:
        change.store.delete_repository(change.repository)


def set_token(change: Change, login: str, **fields: Any) -> None:
    """Change what the tokens of a user are worth: `expires` (a date or null), `write`, `scopes`, `revoked`."""
    with change.store.lock:
        tokens = change.store.state.tokens
        for key, token in list(tokens.items()):
            if token.login != login:
                continue
            if fields.get("revoked"):
                del tokens[key]
            if "expires" in fields:
                expires = fields["expires"]
                token.expires = None if expires is None else int(moment(str(expires)).timestamp())
            token.write = bool(fields.get("write", token.write))
            token.scopes = fields.get("scopes", token.scopes)
        change.store.save()


def set_clock(change: Change, offset: float) -> None:
    """Let the server's clock be so many seconds ahead."""
    change.store.state.clock_offset = float(offset)
    change.store.save()


def set_rate(
    change: Change,
    login: str | None = "alice",
    limit: int | None = None,
    remaining: int | None = None,
    reset_in: float | None = None,
) -> None:
    """Change the quota of a user, in requests and seconds."""
    change.quotas.set(login, limit, remaining, reset_in)


def set_push_protection(change: Change, on: bool = True, marker: str = "ghp_FAKESECRET") -> None:
    """Refuse contents with a marker, or refuse nothing."""
    change.store.state.marker = marker if on else None
    change.store.save()


def set_tree_limits(change: Change, entries: int = 100_000, size: int = 7_000_000, posted: int | None = None) -> None:
    """How many entries and bytes a recursive tree may have before it is truncated, and a new one before it is a 502."""
    state = change.store.state
    state.tree_entries, state.tree_bytes, state.tree_posted = entries, size, posted
    change.store.save()


def finish_run(
    change: Change, run: int | None = None, status: str = "completed", conclusion: str | None = "success"
) -> None:
    """Let a run of a workflow, the last one by default, get further."""
    set_run(change.repository, run, status, conclusion)
    change.store.save()


CHANGES: dict[str, Callable[..., Any]] = {
    "force-push": force_push,
    "squash": squash,
    "commit": commit,
    "visibility": set_visibility,
    "rename": rename,
    "transfer": transfer,
    "wipe": wipe,
    "delete": delete,
    "token": set_token,
    "clock": set_clock,
    "rate": set_rate,
    "push-protection": set_push_protection,
    "tree-limits": set_tree_limits,
    "run": finish_run,
}
"""The value of `action`, and what it does; the other fields are its arguments."""
