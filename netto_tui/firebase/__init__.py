"""What a Firestore database needs to know of a replica: its security rules and its indexes, as Firebase takes them."""

from __future__ import annotations

from importlib.resources import files


def rules() -> str:
    """The security rules, in Firebase's language of rules, version 2."""
    return _text("firestore.rules")


def indexes() -> str:
    """The indexes, as JSON in the form that `firebase deploy --only firestore:indexes` reads.

    Every query of the replica goes by one field, so there are no composite indexes; what is never asked for
    is exempt, since it would cost storage, and an indexed value may have no more than 1,500 bytes.
    """
    return _text("firestore.indexes.json")


def _text(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")
