"""A stand-in for GitHub for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.github import GitHubServer


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    with GitHubServer(tmp_path / "github").start() as running:
        yield running


@pytest.fixture
def vault(server: GitHubServer) -> GitHubServer:
    """A server with alice/vault, private, in which a.txt says one."""
    server.create_repository("vault")
    server.change("commit", repository="alice/vault", path="a.txt", content="one\n", message="First")
    server.clear_log()
    return server
