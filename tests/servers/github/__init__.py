"""A stand-in for the REST API of GitHub: real Git repositories on disk, and faults on demand."""

from __future__ import annotations

from tests.servers.github.server import GitHubServer

__all__ = ["GitHubServer"]
