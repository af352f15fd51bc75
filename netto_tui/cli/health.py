"""`health` and `doctor`: whether all is well, and whether this machine is fit for it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from netto_tui.cli import diagnostics, output
from netto_tui.cli.root import command
from netto_tui.cli.session import Session
from netto_tui.errors import NettoError, VaultError

if TYPE_CHECKING:
    from netto_tui.config import Config
    from netto_tui.recovery.health import Check
    from netto_tui.vault.rows import JournalRow

SIGNS = {"ok": "ok", "warn": "look", "bad": "BAD"}


@command("health", short_help="Say whether all is well; silence of a replica is a fault.")
@click.option("--log", "lines", type=click.IntRange(0), default=0, metavar="N", help="The log's last N lines too.")
def health(session: Session, lines: int) -> int:
    """Say whether all is well, from what is known without asking any replica.

    The exit code is 1 when something is bad, as a scheduled job or a status bar wants it.
    """
    from netto_tui.log import tail
    from netto_tui.recovery.health import check
    from netto_tui.recovery.lights import alerts

    config = session.load_config()
    with session.open() as vault:
        found = check(vault, config)
        with vault.reader() as reader:
            lately = alerts(reader, vault.clock.now())
    if session.json:
        told = {**_document(found), "promises": _promises(found), "alerts": _alerts(lately)}
        output.document({**told, "log": tail(session.path, lines)} if lines else told)
        return _code(found)
    _tell(session, found)
    for line in tail(session.path, lines):
        output.foreign(line)
    return _code(found)


@command("doctor", short_help="Look at this machine, the vault and whether each replica can be used.")
def doctor(session: Session) -> int:
    """Look at this machine, the vault, the settings, the keyring, and whether each replica can be used.

    Every fault comes with what to do about it. Remotes are asked for what their token or key may do.
    """
    return _tell(session, [*_machine(), *_vault(session)])


def _tell(session: Session, found: list[Check]) -> int:
    if session.json:
        output.document(_document(found))
    else:
        output.table([(SIGNS[one.state], one.name, one.detail) for one in found])
        for one in found:
            if one.remedy and one.state != "ok":
                output.foreign(f"{one.name}: {one.remedy}")
    return _code(found)


def _code(found: list[Check]) -> int:
    return 1 if any(one.state == "bad" for one in found) else 0


def _document(found: list[Check]) -> dict[str, Any]:
    checks = [
        {
            "name": one.name,
            "state": one.state,
            "detail": one.detail,
            "remedy": one.remedy,
            "promises": one.promises,
            "topic": one.topic or one.name,
            "replica": one.replica or None,
        }
        for one in found
    ]
    return {"ok": not _code(found), "checks": checks}


def _promises(found: list[Check]) -> list[dict[str, Any]]:
    """The lights of the Health screen."""
    from netto_tui.recovery.lights import lights

    return [
        {"promise": one.number, "name": one.title, "state": one.state, "evidence": one.evidence}
        for one in lights(found)
    ]


def _alerts(lately: list[JournalRow]) -> list[dict[str, str]]:
    from netto_tui.sync.journal import sentence

    return [{"at": row.at, "replica": row.replica, "text": sentence(row.kind, row.detail)} for row in lately]


def _machine() -> Iterator[Check]:
    """What this Python and this SQLite are."""
    import platform
    import sqlite3
    from importlib.metadata import version

    from netto_tui import __version__
    from netto_tui.recovery.health import Check

    yield Check("netto-tui", "ok", __version__)
    yield Check("python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    parts = ("textual", "dulwich", "PyGithub", "firebase-admin", "keyring", "msgspec", "filelock", "click")
    yield Check("libraries", "ok", ", ".join(f"{part} {version(part)}" for part in parts))
    options = {row[0] for row in sqlite3.connect(":memory:").execute("PRAGMA compile_options")}
    if "ENABLE_FTS5" in options:
        yield Check("sqlite", "ok", sqlite3.sqlite_version)
    else:
        yield Check("sqlite", "bad", f"{sqlite3.sqlite_version} without full text search", "Use another Python")
    encoding = (sys.stdout.encoding or "").lower()
    if encoding in ("utf-8", "utf8"):
        yield Check("terminal", "ok", "UTF-8")
    else:
        yield Check("terminal", "warn", f"{encoding or 'unknown'} cannot show every text", "Set LANG to a UTF-8 locale")


def _vault(session: Session) -> Iterator[Check]:
    """Whether the vault opens, its settings can be read, and its replicas can be reached."""
    from netto_tui.recovery.health import Check

    try:
        config = session.load_config()
    except NettoError as error:
        yield Check("settings", "bad", error.message, error.remedy)
        return
    yield Check("settings", "warn" if config.warnings else "ok", f"{session.config_path}")
    yield from _keys(config)
    try:
        with session.open() as vault:
            yield Check("vault", "ok", f"{session.path}, device {vault.device}, zone {vault.zone}")
            expected = vault.id
    except VaultError as error:
        yield Check("vault", "bad", error.message, error.remedy)
        return
    from netto_tui.setup.examination import privacy

    yield from privacy(session.path)
    yield from _replicas(session, config, expected)


def _keys(config: Config) -> Iterator[Check]:
    """Whether the keys that were set for the app do what they say."""
    from netto_tui.recovery.health import Check

    if config.keys:
        from netto_tui.tui.bindings import faults

        remedy = "Correct it under [keys] in the settings; all of them: netto-tui bindings"
        found = [Check("app keys", "warn", f"“{fault.id}” {fault.words}", remedy) for fault in faults(config.keys)]
        yield from found or [Check("app keys", "ok", f"{len(config.keys)} set")]


def _replicas(session: Session, config: Config, vault: str) -> Iterator[Check]:
    from netto_tui.cli.syncing import cancelling
    from netto_tui.setup.examination import examine, surroundings

    yield from surroundings(config)
    for each in config.replicas:
        diagnostics.progress(f"Trying {each.name}…")
        with cancelling() as cancel:
            found = examine(each, session.path, vault, cancel)
        diagnostics.progress("")
        yield from found
