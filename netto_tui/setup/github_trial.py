"""Trying a repository at GitHub before anything depends on it, and saying exactly what is missing.

Four calls: who the token belongs to, the repository, and one blob that no commit names. Only that
last one shows whether a fine-grained token may write: what GitHub tells of a repository's
permissions is what the person may do, not the token. GitHub forgets such a blob by itself.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netto_tui.config import ReplicaConfig
from netto_tui.errors import Denied, NettoError, Refused, Unreachable, UsageError, WrongTarget
from netto_tui.recovery.health import Check
from netto_tui.security.credentials import check_token, github_token
from netto_tui.security.secret import Secret
from netto_tui.setup.targets import api_of, web_of
from netto_tui.setup.trial import SKEW_MS, Trial

if TYPE_CHECKING:
    from netto_tui.replicas.github_client import Answer, Hub

EXPIRY_DAYS = 14
"""A token that ends within so many days is worth a word."""

LOW_SHARE = 0.05
"""Of the requests an hour: so little left may not last for a pass."""

_MARK = "A look whether this repository may be written to. No commit names it.\n"


class GitHubTrial:
    """One look at a repository with one token; without `secret` the token that is kept."""

    def __init__(
        self, replica: ReplicaConfig, secret: Secret | None, cancel: threading.Event, now: Callable[[], int]
    ) -> None:
        from netto_tui.replicas.github_client import Hub

        self.target = replica.target
        self._renew = f"netto-tui init --replica {replica.name}=github:{replica.target}"
        self.path = f"/repos/{replica.target}"
        self.web = web_of(api_of(replica))
        self._now = now
        self._cancel = cancel
        self._checks: list[Check] = []
        api = api_of(replica)

        def token() -> str:
            return check_token(secret.reveal(), "This") if secret is not None else github_token(api, replica.target)

        self.hub: Hub = Hub(api, cancel, token, now)
        self.place = f"{self.hub.place}/{replica.target}"

    def run(self) -> Trial:
        """Look. What is wrong is in the result, not raised."""
        absent = False
        try:
            self._who()
            absent = not self._look()
            if not absent:
                self._write()
        except NettoError as error:
            return Trial((*self._checks, *self._limits()), error)
        finally:
            self.hub.close()
        return Trial((*self._checks, *self._limits()), absent=absent)

    def create(self) -> None:
        """Make the private repository. Raises Denied, with how to do it by hand, when the token may not."""
        from netto_tui.replicas.github_repository import HubRepository

        try:
            with tempfile.TemporaryDirectory(prefix="netto-") as folder:
                repository = HubRepository(self.hub, self.target, Path(folder), self._cancel)
                try:
                    repository.look()
                    repository.create()
                finally:
                    repository.close()
        except (Refused, Denied) as error:
            raise Denied(
                f"{self.place} cannot be made with this token. {error.message}", remedy=self._by_hand()
            ) from None

    def _by_hand(self) -> str:
        owner, _, name = self.target.partition("/")
        return (
            f"Make it by hand at {self.web}/new: owner {owner}, name {name}, Private, without README, .gitignore and"
            f" license. {self._permit()} Then do this again."
        )

    def _permit(self) -> str:
        """What the token has to be able to do, and where that is set."""
        return (
            f"At {self.web}/settings/personal-access-tokens open the token: “Only select repositories” with"
            f" {self.target}, Contents: Read and write, Metadata: Read-only."
        )

    def _who(self) -> None:
        """Whose token it is. Raises Denied for one that is not accepted, or lacks a scope."""
        try:
            answer = self.hub.ask("GET", "/user", expect=(403, 404))
        except Denied as error:
            if not self.hub.requests:
                raise  # there is no token at all
            remedy = (
                f"It is wrong, expired or revoked. Make a new one at {self.web}/settings/personal-access-tokens/new."
            )
            raise Denied(error.message, remedy=remedy) from None
        login = _table(answer).get("login")
        if answer.status == 200 and not isinstance(login, str):
            raise Unreachable(
                f"What answers at {self.hub.api_url} is not GitHub's API.",
                remedy="Check api_url in config.toml or NETTO_GITHUB_API; for GitHub Enterprise it ends in /api/v3.",
            )
        who = login or "an app"
        self._checks.append(Check("account", "ok", f"signed in to {self.hub.place} as {who}"))
        self._scopes(answer)

    def _scopes(self, answer: Answer) -> None:
        """Classic tokens tell their scopes, fine-grained ones do not."""
        told = answer.headers.get("x-oauth-scopes")
        if told is None or answer.status != 200:
            return
        scopes = [scope.strip() for scope in told.split(",") if scope.strip()]
        if "repo" not in scopes:
            have = ", ".join(scopes) or "none"
            raise Denied(
                f"This classic token lacks the scope “repo”; it has {have}.",
                remedy=f"Better make a fine-grained one at {self.web}/settings/personal-access-tokens/new.",
            )
        remedy = f"Make a fine-grained one for {self.target} alone: {self.web}/settings/personal-access-tokens/new"
        self._checks.append(Check("token", "warn", "it is a classic token and opens all your repositories", remedy))

    def _look(self) -> bool:
        """Whether the repository is there. Raises Refused unless it is private, Denied when it cannot be written."""
        answer = self.hub.ask("GET", self.path, expect=(404,))
        if answer.status == 404:
            self._owner()
            return False
        told = _table(answer)
        if str(told.get("full_name", "")).casefold() != self.target.casefold():
            self._renamed(told)
        if told.get("private") is not True or told.get("visibility", "private") != "private":
            seen = str(told.get("visibility") or "public")
            raise Refused(
                f"{self.place} is {seen}: others can read it. Nothing is written there.",
                remedy=f"Make it private at {self.web}/{self.target}/settings, “Danger Zone”; or name another one.",
            )
        if told.get("archived") or told.get("disabled"):
            state = "archived" if told.get("archived") else "disabled"
            raise Refused(
                f"{self.place} is {state} and takes no changes.",
                remedy=f"Unarchive it at {self.web}/{self.target}/settings; or name another one.",
            )
        rights = told.get("permissions")
        if isinstance(rights, dict) and rights.get("push") is False:
            raise Denied(
                f"The account of this token may read {self.place} and not write to it.",
                remedy="Its owner can give that account the role “Write” under Settings, Collaborators.",
            )
        self._checks.append(Check("repository", "ok", f"{self.place} is private"))
        return True

    def _renamed(self, told: dict[str, Any]) -> None:
        """Raises what it means that GitHub answers with another name."""
        if not isinstance(told.get("full_name"), str):
            raise Unreachable(
                f"What answers at {self.hub.api_url} is not GitHub's API.",
                remedy="If this network has a login page, open it in a browser; then try again.",
            )
        raise WrongTarget(
            f"{self.place} was renamed or transferred: it is {told['full_name']} now.",
            remedy="If that is right, write its new name as the target into config.toml; nothing was written.",
        )

    def _owner(self) -> None:
        """Raises UsageError when not even the owner of a missing repository exists."""
        owner = self.target.partition("/")[0]
        if self.hub.ask("GET", f"/users/{owner}", expect=(403, 404)).status == 404:
            raise UsageError(
                f"{self.hub.place} knows nobody called {owner}.", remedy="Check the spelling of OWNER in OWNER/REPO."
            )
        detail = f"there is no {self.place}, or this token may not see it"
        self._checks.append(Check("repository", "warn", detail, self._permit()))

    def _write(self) -> None:
        """Raises Denied when the token may not write contents."""
        body = {"content": _MARK, "encoding": "utf-8"}
        try:
            answer = self.hub.ask("POST", f"{self.path}/git/blobs", body, expect=(404, 409))
        except Denied as error:
            raise self._cannot_write(error.message) from None
        if answer.status == 404:
            raise self._cannot_write("")
        self._checks.append(Check("permission", "ok", "the token may read and write its contents"))

    def _cannot_write(self, words: str) -> Denied:
        message = f"The token may see {self.place} and not write to it: it lacks Contents: Read and write. {words}"
        return Denied(message.strip(), remedy=self._permit())

    def _limits(self) -> Iterator[Check]:
        """What the headers told of the token's end, the quota and the clock."""
        for meter in self.hub.meters():
            if meter.name == "days of the token":
                soon = meter.left <= EXPIRY_DAYS
                remedy = f"Make a new one at {self.web}/settings/personal-access-tokens, then: {self._renew}"
                detail = f"the token ends in {meter.left} days"
                yield Check("token", "warn" if soon else "ok", detail, remedy if soon else "")
            elif meter.name == "requests":
                low = meter.left < meter.limit * LOW_SHARE
                detail = f"{meter.left} of {meter.limit} requests left this hour"
                yield Check("quota", "warn" if low else "ok", detail, "Wait until the hour is over" if low else "")
        if self.hub.clock_ms is not None and abs(skew := self._now() - self.hub.clock_ms) > SKEW_MS:
            yield Check(
                "clock",
                "warn",
                f"this machine's clock is {abs(skew) // 1000} s {'ahead of' if skew > 0 else 'behind'} GitHub's",
                "Set it by the network, such as: timedatectl set-ntp true",
            )


def _table(answer: Answer) -> dict[str, Any]:
    return answer.data if isinstance(answer.data, dict) else {}
