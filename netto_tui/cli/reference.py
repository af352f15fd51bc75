"""`schema`, `paths`, `bindings` and `completion`: what lies where, in which form, and under which key."""

from __future__ import annotations

import click

from netto_tui.cli import output
from netto_tui.cli.root import command, root
from netto_tui.cli.session import Session


@command("schema", short_help="Show the JSON Schema of a record.")
def schema(session: Session) -> None:
    """Show the JSON Schema of a revision, the `rev` of every stored line."""
    from netto_tui.model.revision import json_schema

    output.document(json_schema())


@command("paths", short_help="Show where everything lies.")
def paths(session: Session) -> None:
    """Show where the parts of the vault lie."""
    from netto_tui.paths import Layout

    places = {**Layout(session.path).named(), "config": session.config_path}
    if session.json:
        output.document({name: str(place) for name, place in places.items()})
    else:
        output.table([(name, str(place), "" if place.exists() else "not there yet") for name, place in places.items()])


@command("bindings", short_help="Show the keys of the app, and what is wrong with those that were set.")
def bindings(session: Session) -> int:
    """Show every action of the app by its id with its keys, and what is wrong with those in the settings.

    Other keys go into config.toml, several with commas:

    \b
    [keys]
    "app.quit" = "ctrl+x"
    "list.down" = "j,down,ctrl+n"

    The exit code is 1 when a line there does not do what it says.
    """
    from netto_tui.tui.bindings import faults, in_force, known, shown

    keys = session.load_config().keys
    now, found = in_force(keys), faults(keys)
    if session.json:
        rows = [
            {"id": each.id, "keys": list(now[each.id]), "usual": list(each.keys), "does": each.words}
            for each in known().values()
        ]
        output.document({"bindings": rows, "faults": [{"id": one.id, "reason": one.words} for one in found]})
    else:
        changed = {name for name, each in known().items() if now[name] != each.keys}
        output.table(
            [
                (each.id, shown(now[each.id]), f"not {shown(each.keys)}" if each.id in changed else "", each.words)
                for each in known().values()
            ],
            grow=3,
        )
        for one in found:
            output.foreign(f"“{one.id}” {one.words}.")
    return 1 if found else 0


@command("completion", short_help="Show a script that completes commands.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(session: Session, shell: str) -> None:
    """Show a script that lets a SHELL complete commands.

    \b
    bash:  netto-tui completion bash > ~/.local/share/bash-completion/completions/netto-tui
    zsh:   netto-tui completion zsh > "${fpath[1]}/_netto-tui"
    fish:  netto-tui completion fish > ~/.config/fish/completions/netto-tui.fish
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    output.line(kind(root, {}, "netto-tui", "_NETTO_TUI_COMPLETE").source())
