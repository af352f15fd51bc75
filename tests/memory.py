"""Where the files of tests lie: in memory where there is much room, since a fifth of the time goes into disks else."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

ROOM = 4 << 30
"""Bytes that have to be free there; a tenth of it is used."""


def _disk() -> Path | None:
    place = Path("/dev/shm")  # noqa: S108  # only tests write there, into folders of their own
    with suppress(OSError):
        found = os.statvfs(place)
        if found.f_bavail * found.f_frsize > ROOM and not found.f_flag & os.ST_NOEXEC:
            return place
    return None


DISK = _disk()
"""A disk in memory on which programs may be run; None where there is none, or a small one."""
