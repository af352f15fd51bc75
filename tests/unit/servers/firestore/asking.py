"""What all tests of the Firestore server ask it with."""

from __future__ import annotations

from typing import Any

from google.cloud import firestore

NOW: dict[str, Any] = {"retry": None, "timeout": 10}
PROJECT = "demo"


def fill(db: firestore.Client, count: int, collection: str = "k") -> None:
    """Write documents 0000, 0001, … with their number as `n`, in one commit."""
    batch = db.batch()
    for n in range(count):
        batch.set(db.document(f"{collection}/{n:04}"), {"n": n})
    batch.commit(**NOW)
