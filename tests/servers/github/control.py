"""The hidden side: `/_fake/faults`, `/_fake/state` and `/_fake/log`. It asks for no token."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec

from tests.servers.github.changes import CHANGES, Change
from tests.servers.github.exchange import Answer, Problem, Request
from tests.servers.github.faults import Fault, Faults
from tests.servers.github.log import Log
from tests.servers.github.quota import Quotas
from tests.servers.github.store import Store


class Control:
    """What tests and the demo turn."""

    def __init__(self, store: Store, faults: Faults, quotas: Quotas, log: Log) -> None:
        self._store, self._faults, self._quotas, self._log = store, faults, quotas, log
        self._answers: dict[tuple[str, str], Callable[[Request, str], Any]] = {
            ("GET", "/_fake/faults"): lambda request, base: self._faults.pending(),
            ("POST", "/_fake/faults"): self._add_faults,
            ("DELETE", "/_fake/faults"): lambda request, base: self._faults.clear(),
            ("GET", "/_fake/log"): lambda request, base: self._log.entries(),
            ("DELETE", "/_fake/log"): lambda request, base: self._log.clear(),
            ("GET", "/_fake/state"): lambda request, base: self._store.repositories(),
            ("POST", "/_fake/state"): lambda request, base: [self.change(one, base) for one in _rows(request)],
        }

    def answer(self, request: Request, base: str) -> Answer:
        """Answer one request."""
        found = self._answers.get((request.method, request.path))
        if found is None:
            return Problem(404, f"No such control: {request.method} {request.path}").answer()
        try:
            return Answer.of(msgspec.to_builtins(found(request, base)))
        except Problem as problem:
            return problem.answer()

    def add_faults(self, rules: list[dict[str, Any]]) -> None:
        """Let things go wrong. Raises Problem 400 for a rule that cannot be."""
        try:
            self._faults.add(msgspec.convert(rules, list[Fault]))
        except msgspec.ValidationError as error:
            raise Problem(400, f"Fault: {error}") from error

    def change(self, wanted: dict[str, Any], base: str) -> Any:
        """Change something behind the back of all clients. Raises Problem 400 or 404."""
        fields = dict(wanted)
        action = CHANGES.get(str(fields.pop("action", "")))
        if action is None:
            raise Problem(400, f"The action is none of {', '.join(CHANGES)}")
        change = Change(self._store, self._quotas, base, str(fields.pop("repository", "")))
        try:
            return action(change, **fields)
        except TypeError as error:
            raise Problem(400, f"{wanted['action']}: {error}") from error

    def _add_faults(self, request: Request, base: str) -> None:
        self.add_faults(_rows(request))


def _rows(request: Request) -> list[dict[str, Any]]:
    try:
        found = json.loads(request.body)
    except ValueError as error:
        raise Problem(400, "Problems parsing JSON") from error
    rows = found if isinstance(found, list) else [found]
    if not all(isinstance(row, dict) for row in rows):
        raise Problem(400, "Give an object, or an array of objects.")
    return rows
