"""Foreign text reaches a screen, a log or a terminal by one way only: the ways round it are not in the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import netto_tui

ROOT = Path(netto_tui.__file__).parent
SOURCES = {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in sorted(ROOT.rglob("*.py"))}
TAKES_MARKUP = ("Static", "Label")
WRITERS = {"cli/output.py", "cli/diagnostics.py", "process.py", "log.py"}
"""The modules that may write to a stream, and that know the rest of logging."""


def calls(names: tuple[str, ...]) -> Iterator[tuple[str, ast.Call]]:
    """Every call of something with one of these names, or of an attribute with it."""
    for path, tree in SOURCES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name in names or name.rpartition(".")[2] in names:
                    yield f"{path}:{node.lineno} {ast.unparse(node)[:80]}", node


def keyword(call: ast.Call, name: str) -> object:
    return next((getattr(one.value, "value", one.value) for one in call.keywords if one.arg == name), None)


def test_no_widget_reads_markup() -> None:
    found = [place for place, call in calls(TAKES_MARKUP) if keyword(call, "markup") is not False]
    assert not found, "give them markup=False"
    readers = [place for place, _ in calls(("from_markup", "from_rich_text", "Markdown", "render_markup"))]
    assert not [place for place in readers if place.startswith("tui/")]
    everything = ("Static", "Label", "notify", "Button", "print", "Console")
    assert not [place for place, call in calls(everything) if keyword(call, "markup") is True]


def test_titles_of_boxes_are_content_or_words_of_ours() -> None:
    for path, tree in SOURCES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
                name, value = node.targets[0].attr, node.value
                if name in ("border_title", "border_subtitle", "tooltip"):
                    plain = isinstance(value, ast.Constant) and "[" not in str(value.value)
                    content = isinstance(value, ast.Call) and ast.unparse(value.func).startswith("Content")
                    assert plain or content, f"{path}:{node.lineno}: a str is read as markup; make it Content"


def test_labels_of_buttons_are_words_of_ours() -> None:
    for place, call in calls(("Button",)):
        label = call.args[0]
        assert isinstance(label, ast.Constant) or ast.unparse(label) == "self.yes", place


def test_only_the_border_writes_to_a_stream() -> None:
    names = ("print", "echo", "secho", "print_exc", "print_exception", "print_stack", "pprint", "basicConfig")
    found = [place for place, _ in calls(names) if place.partition(":")[0] not in WRITERS]
    assert not found, "use cli.output or cli.diagnostics"
    for path, tree in SOURCES.items():
        text = ast.unparse(tree)
        if path not in WRITERS:
            for stream in ("sys.stdout.write", "sys.stderr.write", "sys.__stdout__", "sys.__stderr__", "StreamHandler"):
                assert stream not in text, path


def test_what_is_logged_is_a_template_of_ours() -> None:
    for place, call in calls(("debug", "info", "warning", "error", "exception", "critical")):
        if "log" in ast.unparse(call.func).lower():
            template = call.args[0]
            told = isinstance(template, ast.Constant) or ast.unparse(template).isupper()
            assert told, f"{place}: an f-string would hide from the log what is ours and what is not"


def test_no_traceback_shows_values() -> None:
    for path, tree in SOURCES.items():
        text = ast.unparse(tree)
        for name in ("show_locals", "format_exc", "capture_locals", "TracebackException", "rich.traceback"):
            assert name not in text, path


def test_nothing_that_was_said_is_opened_or_run() -> None:
    assert not list(calls(("open_url", "startfile", "eval", "exec", "os.system", "os.popen")))
    assert not [path for path, tree in SOURCES.items() if "webbrowser" in ast.unparse(tree)]
    assert not [place for place, call in calls(("run", "Popen", "call", "check_output")) if keyword(call, "shell")]
