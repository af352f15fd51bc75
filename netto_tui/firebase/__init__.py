"""What a Firestore database needs to know of a replica: its security rules and its indexes, as Firebase takes them."""

from __future__ import annotations

from importlib.resources import files


def rules() -> str:
    """The security rules, in Firebase's language of rules, version 2."""
    return _text("firestore.rules")


def indexes() -> str:
    """The indexes, as JSON in the form of `firestore.indexes.json`.

    Every query of the replica goes by one field, `updated_at` or `written_at`, in either direction; Firestore
    makes these indexes by itself, so they are not named. What is never asked for is exempt: it would only
    cost storage, and an index takes no more than 1,500 bytes of a value.
    """
    return _text("firestore.indexes.json")


def _text(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")
