"""Every place that the contract runs over."""

from __future__ import annotations

from tests.contract import firestore_places, github_places, stores

PLACES = {**stores.PLACES, **github_places.PLACES, **firestore_places.PLACES}
"""By name, how to make a store below a temporary directory."""
