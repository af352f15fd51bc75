"""Trying a Firestore database before anything depends on it, and saying exactly what is missing.

One read of `users/{uid}`, and one change of a document that does not exist: Firestore refuses it as
"not found" to whoever may write, and as "permission denied" to whoever may not. Nothing is written.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from netto_tui.config import ReplicaConfig
from netto_tui.errors import Denied, NettoError, Unreachable
from netto_tui.recovery.health import Check
from netto_tui.replicas.deadline import within
from netto_tui.security.credentials import (
    EMULATOR_VARIABLE,
    firebase_credential,
    service_account,
    service_account_credential,
)
from netto_tui.security.secret import Secret
from netto_tui.setup.trial import SKEW_MS, Trial

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from google.cloud.firestore import Client

CALL_SECONDS = 15.0
"""How long one call may take; gRPC then says what it met last."""

WHOLE_SECONDS = 60.0

CONSOLE = "https://console.cloud.google.com"


class FirestoreTrial:
    """One look at a database with one credential; without `secret` the one that is kept or of this machine."""

    def __init__(
        self, replica: ReplicaConfig, secret: Secret | None, cancel: threading.Event, now: Callable[[], int]
    ) -> None:
        self.project, _, self.uid = replica.target.partition("/")
        self.database = replica.database or "(default)"
        self.place = f"the Firestore project {self.project}"
        self.emulator = os.environ.get(EMULATOR_VARIABLE, "")
        self._renew = f"netto-tui init --replica {replica.name}=firestore:{replica.target}"
        self._secret = secret
        self._cancel = cancel
        self._now = now

    def run(self) -> Trial:
        """Look. What is wrong is in the result, not raised."""
        checks: list[Check] = []

        def look() -> None:
            for found in self._steps():
                checks.append(found)

        try:
            within(WHOLE_SECONDS, self._cancel, self.place, look)
        except NettoError as error:
            return Trial(tuple(checks), error)
        return Trial(tuple(checks))

    def _steps(self) -> Iterator[Check]:
        """One after the other; what was found before a step that raises is told all the same."""
        credentials, account = self._credentials()
        yield account
        client = self._client(credentials)
        try:
            yield from self._read(client)
            yield self._write(client)
        finally:
            client.close()

    def _credentials(self) -> tuple[Credentials, Check]:
        """Who we are to Google. Raises Denied for what Google does not accept."""
        if self._secret is not None and not self.emulator:
            table = service_account(self._secret.reveal(), "The key file")
            found = service_account_credential(table).get_credential()
        else:
            found = firebase_credential(self.project).get_credential()
        if self.emulator:
            remedy = f"Unset {EMULATOR_VARIABLE} to reach the real database"
            return found, Check("account", "warn", f"the emulator at {self.emulator} is in use", remedy)
        self._refresh(found)
        who = getattr(found, "service_account_email", "") or "this machine's own account"
        home = getattr(found, "project_id", "") or self.project
        if home != self.project:
            remedy = f"Check that {self.project} is the project that is meant"
            return found, Check("account", "warn", f"signed in to Google as {who}, of the project {home}", remedy)
        return found, Check("account", "ok", f"signed in to Google as {who}")

    def _refresh(self, credentials: Any) -> None:
        """Get an access token now: what is wrong with a key shows here, and not in words of gRPC."""
        from google.auth import exceptions
        from google.auth.transport.requests import Request

        remedy = f"Make a new key at {CONSOLE}/iam-admin/serviceaccounts?project={self.project}, then: {self._renew}"
        try:
            credentials.refresh(Request())
        except exceptions.TransportError:
            raise Unreachable(
                "Google's sign-in at oauth2.googleapis.com could not be reached.",
                remedy="Check the network or a proxy.",
            ) from None
        except exceptions.GoogleAuthError as error:
            text = str(error)
            if "short-lived" in text or "reasonable timeframe" in text:
                clock = "Set the clock of this machine by the network, such as: timedatectl set-ntp true"
                raise Denied("Google does not accept the key: this machine's clock is wrong.", remedy=clock) from None
            if "reauth" in text.lower():
                again = "Sign in again: gcloud auth application-default login"
                raise Denied("Google asks this account to sign in again.", remedy=again) from None
            message = "Google does not accept the credentials: the key or its account was deleted, disabled or expired."
            raise Denied(message, remedy=remedy) from None

    def _client(self, credentials: Credentials) -> Client:
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # it writes to stderr, into the screens of the app
        from google.cloud import firestore

        return firestore.Client(project=self.project, credentials=credentials, database=self.database)

    def _read(self, client: Client) -> Iterator[Check]:
        from google.api_core.exceptions import GoogleAPICallError

        try:
            found = client.document(f"users/{self.uid}").get(retry=None, timeout=CALL_SECONDS)
        except GoogleAPICallError as error:
            raise self._in_words(error) from None
        told = (found.to_dict() or {}) if found.exists else {}
        what = "holds a replica" if told.get("format") else "holds other things" if told else "is empty and ready"
        yield Check("database", "ok", f"{self.place} answers: users/{self.uid} in {self.database} {what}")
        if found.read_time is not None:
            skew = self._now() - round(found.read_time.timestamp() * 1000)
            if abs(skew) > SKEW_MS:
                word = "ahead of" if skew > 0 else "behind"
                detail = f"this machine's clock is {abs(skew) // 1000} s {word} Google's"
                yield Check("clock", "warn", detail, "Set it by the network, such as: timedatectl set-ntp true")

    def _write(self, client: Client) -> Check:
        from google.api_core.exceptions import GoogleAPICallError, NotFound, PermissionDenied

        nothing = client.document(f"users/{self.uid}/checks/permission")
        try:
            nothing.update({"tried": True}, retry=None, timeout=CALL_SECONDS)
        except NotFound:
            pass  # so it may write
        except PermissionDenied:
            remedy = (
                f"Give it the role Cloud Datastore User at {CONSOLE}/iam-admin/iam?project={self.project};"
                " that takes a minute to be in force."
            )
            raise Denied(f"The account may read {self.place} and not write to it.", remedy=remedy) from None
        except GoogleAPICallError as error:
            raise self._in_words(error) from None
        return Check("permission", "ok", f"may read and write users/{self.uid}")

    def _in_words(self, error: Exception) -> NettoError:
        """What a refusal of Firestore means, and the page on which it is put right."""
        from netto_tui.replicas.firestore_faults import Absent, translate

        found = translate(error, self.place, self._now())
        if self.emulator and type(found) is Unreachable:
            remedy = f"Start it, or unset {EMULATOR_VARIABLE} to reach the real database."
            return Unreachable(f"The emulator at {self.emulator} does not answer.", remedy=remedy)
        page = ""
        if isinstance(found, Absent):
            page = "firestore/databases"
        elif isinstance(found, Denied):
            page = "apis/library/firestore.googleapis.com" if "switched on" in found.message else "iam-admin/iam"
        if page:
            found.remedy = f"{found.remedy} {CONSOLE}/{page}?project={self.project}"
        return found
