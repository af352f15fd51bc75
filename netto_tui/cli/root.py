"""The command `netto-tui` itself: global options, and its subcommands, imported when they are used."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click

from netto_tui import __version__, log
from netto_tui.cli.session import Session
from netto_tui.errors import UsageError

COMMANDS = {
    "demo": "beginning",
    "init": "beginning",
    "import": "importing",
    "log": "writing",
    "edit": "writing",
    "delete": "writing",
    "sync": "syncing",
    "status": "standing",
    "list": "reading",
    "search": "reading",
    "show": "reading",
    "open": "opening",
    "conflicts": "conflicts",
    "resolve": "conflicts",
    "verify": "recovering",
    "restore": "restoring",
    "snapshots": "snapshots",
    "undo": "restoring",
    "drill": "recovering",
    "export": "exporting",
    "health": "health",
    "doctor": "health",
    "keys": "keys",
    "firebase": "firebase",
    "actions": "actions",
    "heads": "heads",
    "schema": "reference",
    "paths": "reference",
    "bindings": "reference",
    "completion": "reference",
}
"""The module under netto_tui.cli that has each command, in the order of the help."""

EPILOG = """\
Exit codes: 0 good; 1 the answer is "not good" (differences, conflicts, corruption); 2 usage; 3 a replica could
not be reached, nothing is lost; 4 keys locked or missing; 5 refused for safety."""

_F = TypeVar("_F", bound=Callable[..., Any])


def _store(context: click.Context, option: click.Parameter, value: Any) -> None:
    """Keep a global option; given after the subcommand it wins over one given before."""
    session = context.ensure_object(Session)
    if value not in (None, False):
        setattr(session, str(option.name), value)


def global_options(function: _F) -> _F:
    """Add --vault, --config and --json, which every command takes in either position."""
    path = click.Path(path_type=Path)
    shared: dict[str, Any] = {"expose_value": False, "callback": _store}
    for option in (
        click.option("--json", "json", is_flag=True, help="One JSON document on stdout.", **shared),
        click.option(
            "--config", "config", type=path, metavar="FILE", help="Settings, else those in the vault.", **shared
        ),
        click.option("--vault", "vault", type=path, metavar="DIR", help="The vault, else NETTO_HOME.", **shared),
    ):
        function = option(function)
    return function


def command(name: str, **settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A subcommand: its function takes the Session first and returns an exit code, or None for 0."""

    def decorate(function: Callable[..., Any]) -> click.Command:
        @wraps(function)
        def logged(session: Session, *args: Any, **options: Any) -> Any:
            log.keep_in(session.path)
            return function(session, *args, **options)

        wrapped: Callable[..., Any] = global_options(click.pass_obj(logged))
        return click.command(name, cls=click.Command, **settings)(wrapped)

    return decorate


class LazyGroup(click.Group):
    """A group whose commands lie in modules that are imported only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None for one that there is none of."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"netto_tui.cli.{COMMANDS[cmd_name]}")
        found = next(
            value for value in vars(module).values() if isinstance(value, click.Command) and value.name == cmd_name
        )
        return found


def _print_version(context: click.Context, _option: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        from netto_tui.cli import output

        output.line(f"netto-tui {__version__}")
        context.exit()


@click.group(
    "netto-tui",
    cls=LazyGroup,
    invoke_without_command=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@global_options
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
@click.pass_context
def root(context: click.Context) -> int | None:
    """Keep every conversation with an AI assistant in several places, and prove that they agree.

    Without a command: the app.
    """
    if context.invoked_subcommand is not None:
        return None
    session = context.ensure_object(Session)
    if session.config is not None:
        raise UsageError("The app reads the settings in its vault.", remedy="Use --config with commands only.")
    return session.run_app()
