"""A small Firestore server on gRPC and SQLite: the real protocol, so that the real client talks to it."""

from tests.servers.firestore.server import FirestoreServer

__all__ = ["FirestoreServer"]
