"""The command line: everything that the app can do, for scripts and for people who prefer it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

COMPLETING = "_NETTO_TUI_COMPLETE"
"""Set by a shell that wants to complete a command, see https://click.palletsprojects.com/en/stable/shell-completion."""


def main(argv: Sequence[str] | None = None) -> None:
    """The program `netto-tui`: run one command and leave with its exit code."""
    args = sys.argv[1:] if argv is None else argv
    if list(args) == ["--version"]:  # it opens nothing that would have to be protected
        sys.exit(run(args))
    from netto_tui import process

    process.begin()
    sys.exit(process.guarded(lambda: run(args)))


def run(argv: Sequence[str]) -> int:
    """Run one command; its exit code, as docstring of netto_tui.errors and `netto-tui --help` say."""
    if list(argv) == ["--version"]:  # the usual question; answered before anything else is loaded
        from netto_tui import __version__
        from netto_tui.cli import output

        output.line(f"netto-tui {__version__}")
        return 0
    if not argv and COMPLETING not in os.environ:
        return _open_app()
    from netto_tui.cli import diagnostics
    from netto_tui.cli.root import root

    return diagnostics.guard(lambda: root.main(list(argv), prog_name="netto-tui", standalone_mode=False))


def _open_app() -> int:
    """What is asked for most: the app, without what reads a command line, which it would wait for."""
    from netto_tui.cli.session import Session

    try:
        return Session().run_app()
    except Exception as error:
        fault = error
    from netto_tui.cli import diagnostics

    def tell() -> int:
        raise fault

    return diagnostics.guard(tell)
