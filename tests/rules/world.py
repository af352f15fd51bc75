"""One project on the emulator, with the rules in force and a document of each kind, asked as different people."""

from __future__ import annotations

import json
from typing import Any

from tests.rules.cases import ANONYMOUS, NEWCOMER, NOBODY, OWNER, STRANGER, Case
from tests.rules.documents import SEED, UID, Request, write
from tests.servers.emulator import Emulator, unsigned_jwt


class World:
    """A project that is always as it was seeded when a case is tried."""

    def __init__(self, emulator: Emulator, project: str, rules: str) -> None:
        self._emulator = emulator
        self._project = project
        self._root = f"projects/{project}/databases/(default)/documents"
        self._bearers: dict[str, str | None] = {
            OWNER: unsigned_jwt(UID, project),
            NEWCOMER: unsigned_jwt(NEWCOMER, project),
            STRANGER: unsigned_jwt("somebody", project),
            ANONYMOUS: unsigned_jwt(UID, project, provider="anonymous"),
            NOBODY: None,
        }
        self.use(rules)

    def use(self, rules: str) -> None:
        """Put rules in force and begin anew. Raises RulesRefused for what does not compile."""
        self._emulator.use_rules(self._project, rules)
        self._begin()

    def answer(self, case: Case) -> int:
        """The HTTP status of a case's request."""
        status, _ = self._ask(case.request, self._bearers[case.who])
        if status == 200 and case.request.method == "POST" and case.request.path == ":commit":
            self._begin()
        return status

    def holds(self, case: Case) -> bool:
        """Whether the answer is what the case says, to the status."""
        return self.answer(case) == (200 if case.allowed else 403)

    def _begin(self) -> None:
        self._emulator.reset(self._project)
        status, answer = self._ask(write(*SEED), "owner")
        assert status == 200, answer

    def _ask(self, request: Request, bearer: str | None) -> tuple[int, Any]:
        body = json.loads(request.body.replace("{root}", self._root)) if request.body else None
        return self._emulator.request(request.method, f"/v1/{self._root}{request.path}", body, bearer)
