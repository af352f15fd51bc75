"""`schema`, `paths` and `completion`: what lies where, and in which form."""

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
