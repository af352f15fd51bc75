"""Google's interfaces for administrators, as one account and for one project."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from netto_tui.errors import Denied, Limited, NettoError, ReplicaError, Unreachable, UsageError

CONNECT_SECONDS = 10
ANSWER_SECONDS = 30

_LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Api:
    """One interface. variable: may name another address, for tests and proxies. role: what it takes, for people.

    address: https; that of the variable may also be a port of this machine.
    """

    name: str
    address: str
    variable: str
    role: str


RULES = Api(
    "Firebase Rules API",
    "https://firebaserules.googleapis.com",
    "NETTO_FIREBASE_RULES_API",
    "Firebase Rules Admin (roles/firebaserules.admin)",
)
FIRESTORE = Api(
    "Cloud Firestore API",
    "https://firestore.googleapis.com",
    "NETTO_FIRESTORE_API",
    "Cloud Datastore Index Admin (roles/datastore.indexAdmin)",
)


class Service:
    """An interface as one account, for one project. Every call ends within its time and is not repeated.

    Raises UsageError for an address to which a token must not go, and where an emulator stands in for Google;
    Denied where there is no credential.
    """

    def __init__(self, api: Api, project: str) -> None:
        self.project = project
        self.path = f"projects/{project}"
        self._api = api
        self._base = _address(api)
        self._session, self._account = _session(project)

    def __enter__(self) -> Service:
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
            f"The {self._api.name} could not be reached: {reason}.",
            remedy="Check the network, and try again; what is in force stays until then.",
        )

    def _fault(self, status: int, answer: Any) -> NettoError:
        told = answer.get("error", {}) if isinstance(answer, dict) else {}
        words = " ".join(str(told.get("message", "")).split())[:300]
        if status == 401:
            return Denied(f"Google does not accept the credentials{self._account}.", remedy="Make a new key.")
        if status == 403 and ("SERVICE_DISABLED" in str(told) or "is disabled" in words):
            return Denied(
                f"The {self._api.name} is switched off in {self.project}.",
                remedy="Switch it on under APIs & Services of the Google Cloud console, and wait a minute.",
            )
        if status == 403:
            return Denied(
                f"The account{self._account} lacks a role in {self.project}.",
                remedy=f"Under IAM of the Google Cloud console, give it the role {self._api.role}; only this needs it.",
            )
        if status == 404:
            return UsageError(
                f"There is no project {self.project}, or it has no Firestore database.",
                remedy="Check the project id; make the database in the Firebase console.",
            )
        if status == 429:
            return Limited(f"The {self._api.name} asks to wait.", remedy="Try again in a minute.")
        if status >= 500:
            return self._unreachable(f"it is in trouble (status {status})")
        return ReplicaError(
            f"The {self._api.name} refused the request with status {status}: {words or 'it says no more'}.",
            remedy="The Firebase console shows what is in force; what `netto-tui firebase rules` shows can go there.",
        )


def _address(api: Api) -> str:
    found = os.environ.get(api.variable, "").rstrip("/") or api.address
    parts = urlsplit(found)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL):
        return found
    raise UsageError(f"{api.variable} is no https address.", remedy="Correct it, or take it away.")


def _session(project: str) -> tuple[Any, str]:
    """A session with the project's credentials, and “ NAME” of a service account, "" for another kind.

    Raises as Service.
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
    session = AuthorizedSession(credential)
    return session, f" {account}" if "@" in account else ""
