"""What Firestore's refusals are called, and what they advise."""

from __future__ import annotations

import pytest
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from netto_tui.errors import Denied, Limited, NettoError, ReplicaError, Unreachable
from netto_tui.replicas.firestore_faults import kind_of, translate
from tests.unit.replicas.firestore_given import NOON

PLUGIN = "Getting metadata from plugin failed with error: "
"""How gRPC tells that no token was to be had: as if the server did not answer."""


@pytest.mark.parametrize(
    ("error", "named", "advice"),
    [
        (api.ServiceUnavailable(f"{PLUGIN}('invalid_grant: Invalid JWT Signature.', {{}})"), Denied, "new key"),
        (auth.RefreshError("invalid_grant: account not found"), Denied, "new key"),
        (api.Unauthenticated("Request had invalid authentication credentials."), Denied, "new key"),
        (auth.DefaultCredentialsError("no credentials"), Denied, "netto-tui init"),
        (api.PermissionDenied("Missing or insufficient permissions."), Denied, "datastore.entities.get"),
        (api.PermissionDenied("Cloud Firestore API has not been used in project x before"), Denied, "Switch it on"),
        (api.NotFound("The database (default) does not exist for project x"), Unreachable, "Native mode"),
        (api.FailedPrecondition("The query requires an index."), ReplicaError, "firebase rules"),
        (api.ResourceExhausted("Quota exceeded."), Limited, "midnight"),
        (api.ResourceExhausted("Quota exceeded for quota metric 'Reads per minute'"), Limited, "minute"),
        (api.ResourceExhausted("Too much contention on these documents."), Limited, "minute"),
        (api.ServiceUnavailable(f"{PLUGIN}Failed to resolve 'oauth2.googleapis.com'"), Unreachable, "network"),
        (auth.TransportError("Failed to resolve 'oauth2.googleapis.com'"), Unreachable, "network"),
        (api.DeadlineExceeded("Deadline Exceeded"), Unreachable, "network"),
        (api.InvalidArgument("the document is too large: dear diary"), ReplicaError, "nothing is lost"),
        (ValueError("dear diary"), ReplicaError, "report"),
    ],
)
def test_each_refusal_has_a_name_and_a_next_step(error: Exception, named: type[NettoError], advice: str) -> None:
    found = translate(error, "Firestore project x", NOON)
    assert isinstance(found, named)
    assert isinstance(found, Limited) == (named is Limited)
    assert advice in found.remedy
    assert "Firestore project x" in found.message
    assert "diary" not in str(found)


def test_a_quota_of_a_minute_is_over_in_a_minute_and_that_of_a_day_at_midnight() -> None:
    minute = translate(api.ResourceExhausted("Quota exceeded for 'Writes per minute'"), "x", NOON)
    day = translate(api.ResourceExhausted("Quota exceeded."), "x", NOON)
    assert isinstance(minute, Limited) and minute.until_ms == NOON + 60_000
    assert isinstance(day, Limited) and day.until_ms == NOON + 12 * 3_600_000


def test_an_error_of_our_own_stays_what_it_is() -> None:
    error = Denied("no", remedy="yes")
    assert translate(error, "x", NOON) is error


def test_a_key_that_is_refused_is_not_tried_again() -> None:
    assert kind_of(api.ServiceUnavailable(f"{PLUGIN}invalid_grant")) == "final"
    assert kind_of(api.ServiceUnavailable("try again")) == "lost"
