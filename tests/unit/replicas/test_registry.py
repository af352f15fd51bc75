"""Opening replicas by kind."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from netto_tui.errors import UsageError
from netto_tui.replicas.base import Historic
from netto_tui.replicas.registry import KINDS, open_replica
from netto_tui.security.envelope import PLAIN


def test_an_unknown_kind_names_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        open_replica("copy", "floppy", "a:", PLAIN, tmp_path, "laptop", threading.Event())
    assert "floppy" in str(error.value)
    assert all(kind in error.value.remedy for kind in KINDS)


def test_a_replica_without_a_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_replica("copy", "folder", " ", PLAIN, tmp_path, "laptop", threading.Event())


def test_opening_touches_nothing(tmp_path: Path) -> None:
    for kind in ("folder", "git"):
        open_replica("copy", kind, str(tmp_path / "x"), PLAIN, tmp_path / "cache", "laptop", threading.Event()).close()
    assert list(tmp_path.iterdir()) == []


def test_only_git_knows_its_history(tmp_path: Path) -> None:
    for kind, historic in (("folder", False), ("git", True)):
        replica = open_replica("copy", kind, str(tmp_path / "x"), PLAIN, tmp_path, "laptop", threading.Event())
        assert isinstance(replica, Historic) == historic


def test_no_library_of_a_kind_is_loaded_before_one_is_opened() -> None:
    libraries = ("dulwich", "filelock", "urllib3", "github", "firebase_admin", "google", "grpc", "keyring")
    program = f"import sys, netto_tui.replicas.registry; print([name for name in {libraries} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
