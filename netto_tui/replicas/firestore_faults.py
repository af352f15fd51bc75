"""What Firestore's refusals mean, as errors that a person can act on.

gRPC codes: https://firebase.google.com/docs/firestore/use-rest-api#error_codes. Texts of the server
are told only where they cannot hold what was written.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from netto_tui.errors import Denied, Limited, NettoError, ReplicaError, Unreachable

PACIFIC = ZoneInfo("America/Los_Angeles")
"""Daily quotas begin anew at midnight here: https://firebase.google.com/docs/firestore/quotas."""

SHORT_PAUSE_MS = 60_000
"""How long to leave a server alone that was asked too much at once."""

Kind = Literal["transient", "lost", "stale", "final"]

_ROLE = (
    "It needs datastore.entities.get, list, create and update, datastore.databases.get for a named database:"
    " the role “Cloud Datastore User” has them all."
)
_RENEW = (
    "Make a new key in the Google Cloud console (IAM, Service accounts, Keys) and give it to netto-tui:"
    " netto-tui init asks for it."
)
_DEAD_KEYS = ("invalid_grant", "invalid_client", "unauthorized_client", "account_disabled", "invalid_rapt")


class Absent(Unreachable):
    """There is no such project or database."""


class Stale(Exception):
    """A write was refused because something is not as it was expected; nothing was written."""


class Lost(Exception):
    """No answer came to a write, which may have been done."""


def kind_of(error: BaseException) -> Kind:
    """What may be done about an error of a call.

    `transient`: not done, try again. `lost`: perhaps done. `stale`: refused for what is there. `final`: the rest.
    """
    from google.api_core import exceptions as api

    if _is_dead_key(error):
        return "final"
    if isinstance(error, api.Aborted):
        return "transient"
    if isinstance(error, (api.ServiceUnavailable, api.DeadlineExceeded, api.InternalServerError, api.Unknown)):
        return "lost"
    if isinstance(error, (api.AlreadyExists, api.FailedPrecondition)):
        return "stale"
    if isinstance(error, api.NotFound) and "database" not in str(error).lower():
        return "stale"
    return "final"


def translate(error: BaseException, place: str, now_ms: int) -> NettoError:
    """The error to raise for what a call ended with; place: what was called, for people."""
    from google.api_core import exceptions as api
    from google.auth import exceptions as auth

    if isinstance(error, NettoError):
        return error
    if _is_dead_key(error) or isinstance(error, api.Unauthenticated):
        return Denied(f"The credentials for {place} are not valid any more.", remedy=_RENEW)
    if isinstance(error, (auth.DefaultCredentialsError, auth.MalformedError)):
        return Denied(f"There are no usable credentials for {place}.", remedy=_RENEW)
    if isinstance(error, api.PermissionDenied):
        return _denied(str(error), place)
    if isinstance(error, api.ResourceExhausted):
        return _limited(str(error).lower(), place, now_ms)
    if isinstance(error, api.NotFound):
        return Absent(
            f"{place} is not there.",
            remedy="Make the database in the Firebase console (Firestore Database, Create database, Native mode),"
            " or correct the project in config.toml.",
        )
    if isinstance(error, api.FailedPrecondition):
        return ReplicaError(
            f"{place} refused a question: {_words(error)}.",
            remedy="It has to be a database in Native mode with its indexes: netto-tui firebase rules tells how.",
        )
    if isinstance(error, (api.GoogleAPICallError, auth.GoogleAuthError, OSError)):
        transient = kind_of(error) != "final" or not isinstance(error, api.GoogleAPICallError)
        if transient:
            return Unreachable(f"{place} does not answer.", remedy="Check the network; it is tried again later.")
        code = getattr(getattr(error, "grpc_status_code", None), "name", type(error).__name__)
        return ReplicaError(f"{place} refused the request ({code}).", remedy="Please report this; nothing is lost.")
    return ReplicaError(f"Talking to {place} failed: {type(error).__name__}.", remedy="Please report this.")


def midnight_ms(now_ms: int) -> int:
    """When the day's quotas begin anew."""
    here = datetime.fromtimestamp(now_ms / 1000, PACIFIC)
    tomorrow = datetime.combine(here.date() + timedelta(days=1), time(), PACIFIC)
    return round(tomorrow.timestamp() * 1000)


def _denied(text: str, place: str) -> Denied:
    if "has not been used" in text or "is disabled" in text:
        return Denied(
            f"The Firestore API is not switched on for {place}.",
            remedy="Switch it on in the Google Cloud console (APIs & Services, Cloud Firestore API); wait a minute.",
        )
    return Denied(f"The credentials do not permit to use {place}.", remedy=f"{_ROLE} Grant it in IAM, or: {_RENEW}")


def _limited(text: str, place: str, now_ms: int) -> Limited:
    if "quota" in text and "per minute" not in text:
        return Limited(
            f"The day's quota of {place} is used up.",
            remedy="It goes on by itself after midnight Pacific time. Nothing is lost.",
            until_ms=midnight_ms(now_ms),
        )
    return Limited(
        f"{place} was asked too much at once.",
        remedy="It goes on by itself in a minute. Nothing is lost.",
        until_ms=now_ms + SHORT_PAUSE_MS,
    )


def _is_dead_key(error: Any) -> bool:
    """Whether a token was refused; inside a call gRPC tells that as if the server did not answer."""
    text = str(error).lower()
    return any(word in text for word in _DEAD_KEYS)


def _words(error: BaseException) -> str:
    text = str(getattr(error, "message", error))
    return "".join(letter if letter.isprintable() else " " for letter in text)[:300].rstrip(". ")
