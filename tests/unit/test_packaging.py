"""What people install: one wheel with everything in it that the program needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from importlib.util import find_spec
from pathlib import Path

import pytest

from netto_tui import __version__

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built with the backend that is installed here: nothing is downloaded."""
    if find_spec("build") is None or find_spec("hatchling") is None:
        pytest.skip("SKIPPED: build and hatchling are not installed here, so the wheel is not looked at")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_every_style_is_inside(wheel: zipfile.ZipFile) -> None:
    styles = {f"netto_tui/styles/{path.name}" for path in ROOT.glob("styles/*.tcss")}
    assert styles
    assert styles <= set(wheel.namelist())


def test_every_module_is_inside_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    packed = {
        name for name in wheel.namelist() if ".dist-info/" not in name and not name.startswith("netto_tui/styles/")
    }
    there = {str(path.relative_to(ROOT)) for path in ROOT.glob("netto_tui/**/*.py")}
    assert there <= packed
    assert all(name.startswith("netto_tui/") for name in packed)


def test_the_wheel_names_its_version_its_licence_and_its_command(wheel: zipfile.ZipFile) -> None:
    info = f"netto_tui-{__version__}.dist-info"
    metadata = Parser().parsestr(wheel.read(f"{info}/METADATA").decode())
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "MIT"
    assert f"{info}/licenses/LICENSE" in wheel.namelist()
    assert "netto-tui = netto_tui.cli:main" in wheel.read(f"{info}/entry_points.txt").decode()
