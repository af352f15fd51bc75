"""Source code in colours, a piece at a time."""

from __future__ import annotations

from functools import lru_cache

from textual.content import Content

GROUND = "on $surface"
"""What code stands on."""

_UNKNOWN = 64
"""Letters of a language's name; what is longer is none."""

_LONGEST = 1_000
"""Characters of a line that is still taken apart: highlighters can be slow on what nobody wrote by hand."""


@lru_cache(maxsize=64)
def is_language(name: str) -> bool:
    """Whether there is a highlighter for a language."""
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    if not name or len(name) > _UNKNOWN or name in ("text", "plain", "plaintext", "txt", "output"):
        return False
    try:
        get_lexer_by_name(name)
    except (ClassNotFound, ImportError):
        return False
    return True


def language_of(info: str) -> str:
    """The language that the line above a block of code names: ```python title="x" is python."""
    return info.strip().strip("{}").split(maxsplit=1)[0].lstrip(".").lower() if info.strip().strip("{}") else ""


def highlighted(code: str, language: str) -> list[Content]:
    """The lines of a piece of code; plain ones where its language is not known."""
    if not is_language(language) or max(map(len, code.split("\n"))) > _LONGEST:
        return [Content(line) for line in code.split("\n")]
    from textual.highlight import highlight

    # Textual reads carriage returns and tabs its own way; safe_display has left none.
    lines = highlight(code, language=language, theme=_theme()).split("\n", allow_blank=True)
    plain = code.split("\n")
    shown = [line.plain for line in lines[: len(plain)]]
    return list(lines[: len(plain)]) if shown == plain else [Content(line) for line in plain]


@lru_cache(maxsize=1)
def _theme() -> type:
    """Colours that are readable on GROUND in every theme; without colours, weight and slant are left."""
    from pygments.token import Token
    from textual.highlight import HighlightTheme

    class Calm(HighlightTheme):
        STYLES = {  # noqa: RUF012  # as Textual declares it
            Token.Comment: "$faint italic",
            Token.Generic.Strong: "bold",
            Token.Generic.Emph: "italic",
            Token.Generic.Heading: "bold $text-primary",
            Token.Generic.Deleted: "$text-error",
            Token.Generic.Inserted: "$text-success",
            Token.Keyword: "bold $text-primary",
            Token.Literal.Number: "$text-warning",
            Token.Literal.String: "$text-success",
            Token.Literal.String.Doc: "$text-success italic",
            Token.Name: "",
            Token.Name.Attribute: "$text-primary",
            Token.Name.Builtin: "$text-primary",
            Token.Name.Class: "bold $text-secondary",
            Token.Name.Decorator: "$text-warning",
            Token.Name.Function: "$text-secondary",
            Token.Name.Tag: "$text-primary",
            Token.Operator: "",
            Token.Operator.Word: "bold $text-primary",
            Token.Whitespace: "",
        }

    return Calm


def warm_up() -> None:
    """Load what draws Markdown and code, which takes long enough to be felt; for a thread."""
    from netto_tui.tui.widgets import markdown

    markdown.parser()
    highlighted("pass", "python")
