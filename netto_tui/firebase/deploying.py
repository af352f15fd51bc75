"""Putting the security rules in force, through the Firebase Rules API.

A ruleset is made of the text, and the release of the database then names it; earlier rulesets stay at
Firebase. See https://firebase.google.com/docs/reference/rules/rest and the roles under
https://firebase.google.com/docs/projects/iam/roles-predefined-product.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from netto_tui.errors import Denied, Limited, NettoError, Refused, ReplicaError, Unreachable, UsageError
from netto_tui.firebase import rules

API = "https://firebaserules.googleapis.com"
API_VARIABLE = "NETTO_FIREBASE_RULES_API"
"""Names another base address than API, for tests and proxies: https, or a port of this machine."""

CONNECT_SECONDS = 10
ANSWER_SECONDS = 30

FILE = "firestore.rules"
SIGNATURE = "// netto-tui:"
"""How our own rules begin, in every version."""

ROLE = "Firebase Rules Admin (roles/firebaserules.admin)"

_PROJECT = re.compile(r"(?:[a-z0-9.-]{1,80}:)?[a-z][a-z0-9-]{3,29}")
_DATABASE = re.compile(r"[a-z][a-z0-9-]{2,62}")
_LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Deployment:
    """What is in force now. replaced: the ruleset that was before, "" for none; it is kept at Firebase."""

    project: str
    database: str
    ruleset: str
    changed: bool
    replaced: str = ""


def deploy(project: str, database: str = "", *, replace: bool = False) -> Deployment:
    """Put our rules in force for a database of a project, "" for the default one; nothing to do if they are.

    replace: also where rules are in force that are neither ours nor closed to everybody. Raises UsageError
    for names that cannot be, Denied without a credential or the role, Refused for others' rules, Unreachable.
    """
    if not _PROJECT.fullmatch(project):
        raise UsageError(f"“{project}” is no id of a Firebase project.", remedy="Take it from the project settings.")
    if database and database != "(default)" and not _DATABASE.fullmatch(database):
        raise UsageError(f"“{database}” is no id of a database.", remedy="Leave --database out for the default one.")
    with _Service(project) as service:
        return _deploy(service, "" if database == "(default)" else database, replace)


def _deploy(service: _Service, database: str, replace: bool) -> Deployment:
    release = f"{service.path}/releases/cloud.firestore" + (f"/{database}" if database else "")
    there = service.ask("GET", release, missing=True)
    before = str(there.get("rulesetName", "")) if there else ""
    text = _text_of(service.ask("GET", before, missing=True)) if before else ""
    if text == rules():
        return Deployment(service.project, database, before, changed=False)
    if text and not replace and not (text.startswith(SIGNATURE) or is_closed(text)):
        raise Refused(
            f"The database of {service.project} has rules that somebody else wrote; an app may rely on them.",
            remedy="Use a project or a database of its own, or say --replace: the rules before stay in its history.",
        )
    source = {"files": [{"name": FILE, "content": rules()}]}
    made = str(service.ask("POST", f"{service.path}/rulesets", {"source": source}).get("name", ""))
    wanted = {"name": release, "rulesetName": made}
    if there:
        service.ask("PATCH", release, {"release": wanted})
    else:
        service.ask("POST", f"{service.path}/releases", wanted)
    if service.ask("GET", release).get("rulesetName") != made:
        raise ReplicaError(
            f"The rules of {service.project} were changed by somebody else in this moment.",
            remedy="See who did, then deploy again.",
        )
    return Deployment(service.project, database, made, changed=True, replaced=before)


def is_closed(text: str) -> bool:
    """Whether rules allow nothing to anybody, as those of a new database do."""
    bare = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    allowed = re.findall(r"\ballow\b([^;]*);", bare)
    return all(re.search(r":\s*if\s+false\s*$", one) for one in allowed)


def _text_of(ruleset: dict[str, Any]) -> str:
    files = ruleset.get("source", {}).get("files", [])
    return "\n".join(str(one.get("content", "")) for one in files)


class _Service:
    """The API as one account, for one project. Every call ends within its time and is not repeated."""

    def __init__(self, project: str) -> None:
        self.project = project
        self.path = f"projects/{project}"
        self._base = _base_address()
        self._session, self._account = _session(project)

    def __enter__(self) -> _Service:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def ask(self, method: str, path: str, body: Any = None, *, missing: bool = False) -> dict[str, Any]:
        """One call; what it answered. missing: an empty answer where there is no such thing (404)."""
        import requests
        from google.auth import exceptions as auth

        try:
            answer = self._session.request(
                method,
                f"{self._base}/v1/{path}",
                json=body,
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                max_allowed_time=2 * ANSWER_SECONDS,
                allow_redirects=False,
            )
        except auth.RefreshError as error:
            if getattr(error, "retryable", False):
                raise self._unreachable("Google's sign-in does not answer") from None
            raise Denied(
                f"Google does not accept the credentials{self._account}: they are wrong, expired or taken back.",
                remedy="Make a new key for the service account, or sign in again with gcloud.",
            ) from None
        except (requests.RequestException, auth.GoogleAuthError, OSError) as error:
            raise self._unreachable(type(error).__name__) from None
        if missing and answer.status_code == 404:
            return {}
        try:
            found = answer.json()
        except ValueError:
            found = None
        if not 200 <= answer.status_code < 300:
            raise self._fault(answer.status_code, found)
        if not isinstance(found, dict):
            raise self._unreachable("something else answers in its place")
        return found

    def _unreachable(self, reason: str) -> Unreachable:
        return Unreachable(
            f"The Firebase Rules API could not be reached: {reason}.",
            remedy="Check the network, and try again; what is in force stays until the new rules are there as a whole.",
        )

    def _fault(self, status: int, answer: Any) -> NettoError:
        told = answer.get("error", {}) if isinstance(answer, dict) else {}
        words = " ".join(str(told.get("message", "")).split())[:300]
        if status == 401:
            return Denied(f"Google does not accept the credentials{self._account}.", remedy="Make a new key.")
        if status == 403 and ("SERVICE_DISABLED" in str(told) or "is disabled" in words):
            return Denied(
                f"The Firebase Rules API is switched off in {self.project}.",
                remedy="Switch it on under APIs & Services of the Google Cloud console, and wait a minute.",
            )
        if status == 403:
            return Denied(
                f"The account{self._account} may not change the security rules of {self.project}.",
                remedy=f"Give it the role {ROLE} under IAM of the Google Cloud console for as long as this takes.",
            )
        if status == 404:
            return UsageError(
                f"There is no project {self.project}, or it has no Firestore database.",
                remedy="Check the project id; make the database in the Firebase console.",
            )
        if status == 429:
            return Limited("The Firebase Rules API asks to wait.", remedy="Try again in a minute.")
        if status >= 500:
            return self._unreachable(f"it is in trouble (status {status})")
        return ReplicaError(
            f"The Firebase Rules API refused the request with status {status}: {words or 'it says no more'}.",
            remedy="Nothing was changed. Put what `netto-tui firebase rules` shows into the Firebase console instead.",
        )


def _base_address() -> str:
    """Where the API is. Raises UsageError for an address to which a token must not go."""
    found = os.environ.get(API_VARIABLE, "").rstrip("/") or API
    parts = urlsplit(found)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL):
        return found
    raise UsageError(f"{API_VARIABLE} is no https address.", remedy="Correct it, or take it away.")


def _session(project: str) -> tuple[Any, str]:
    """A session with the project's credentials, and “ NAME” of a service account, "" for another kind.

    Raises Denied where there are none, UsageError while an emulator is asked instead of Google.
    """
    from netto_tui.security.credentials import EMULATOR_VARIABLE, firebase_credential

    if os.environ.get(EMULATOR_VARIABLE):
        raise UsageError(
            f"{EMULATOR_VARIABLE} is set, so Firestore here is an emulator, which takes its rules when it starts.",
            remedy=f"Take {EMULATOR_VARIABLE} away to deploy to Google.",
        )
    credential = firebase_credential(project).get_credential()
    from google.auth.transport.requests import AuthorizedSession

    account = str(getattr(credential, "service_account_email", "") or "")
    session = AuthorizedSession(credential)  # type: ignore[no-untyped-call]  # google-auth has few types
    return session, f" {account}" if "@" in account else ""
