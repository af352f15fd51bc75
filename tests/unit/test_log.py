"""What reaches the log and the terminal when secrets are logged by every path: nothing of them."""

from __future__ import annotations

import logging
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from netto_tui import log
from tests.unit.secret_kinds import in_a_sentence, made_up, pieces

SECRETS = made_up(29)

PATHS = {
    "our logger": "logging.getLogger('netto_tui.sync').error('it said %s', said)",
    "our logger, put together before": "logging.getLogger('netto_tui').error(said)",
    "our logger, with the exception": """
        try: fail(said)
        except ValueError: logging.getLogger('netto_tui').exception('went wrong: %s', said)
        """,
    "our logger, with values that do not fit": "logging.getLogger('netto_tui').error('%d of %s', said)",
    "our logger, with the stack": "logging.getLogger('netto_tui').error('here', stack_info=True)",
    **{
        f"the logger of {name}": f"""
        logging.getLogger({name!r}).warning(said)
        logging.getLogger({name!r}).warning('%s', said)
        logging.getLogger({name!r}).critical('%(a)s', dict(a=said))
        try: fail(said)
        except ValueError: logging.getLogger({name!r}).exception(said)
        """
        for name in ("urllib3.connectionpool", "github.Requester", "google.auth", "grpc._channel", "keyring", "asyncio")
    },
    "a handler of a library": """
        logging.getLogger('google').addHandler(logging.StreamHandler())
        from netto_tui import log; log.begin()
        logging.getLogger('google').warning(said)
        """,
    "a warning": "import warnings; warnings.warn(said, stacklevel=1); warnings.warn(UserWarning(said))",
    "a print to stderr": "print(said, file=sys.stderr); sys.stderr.writelines([said])",
    "an exception": "fail(said)",
    "an exception with values": "raise KeyError(said, {'token': said}, said.encode())",
    "local variables": "token = said; fail('nothing')",
    "a chained cause": """
        try: fail(said)
        except ValueError as error: raise RuntimeError(said) from error
        """,
    "a context": """
        try: fail(said)
        except ValueError: raise RuntimeError('next: ' + said)
        """,
    "a group of exceptions": "raise ExceptionGroup(said, [ValueError(said), KeyError(said)])",
    "a note on an exception": """
        error = ValueError('plain'); error.add_note(said); raise error
        """,
    "a thread": """
        import threading
        thread = threading.Thread(target=fail, args=(said,), name='worker'); thread.start(); thread.join()
        """,
    "a pool": """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor() as pool: pool.submit(fail, said).result()
        """,
    "an asyncio task": """
        import asyncio, gc
        async def task(): fail(said)
        async def main():
            asyncio.create_task(task(), name='t'); await asyncio.sleep(0.01); gc.collect()
        asyncio.run(main())
        """,
    "a callback of asyncio": """
        import asyncio
        async def main():
            asyncio.get_running_loop().call_soon(fail, said); await asyncio.sleep(0.01)
        asyncio.run(main())
        """,
    "a finalizer": """
        class Thing:
            def __del__(self): fail(said)
        del Thing
        """.replace("del Thing", "thing = Thing(); del thing"),
    "an exit": "import atexit; atexit.register(fail, said)",
    "the worker": """
        from netto_tui.sync.worker import Worker
        from netto_tui.vault.vault import Vault
        import threading
        ended = threading.Event()
        Worker._turn = lambda self, *_: (self._stopping.set(), fail(said))
        told = []
        worker = Worker(vault, told.append); worker.start(); worker._thread.join(20)
        """,
}

PROGRAM = """
import logging, sys
from pathlib import Path
from netto_tui import cli, log
vault = Path(sys.argv[1])
SAID = sys.stdin.read().split(chr(0))

def fail(said):
    secret = said
    raise ValueError(said)

def path(said):
{path}

def run(argv):
    log.keep_in(vault)
    for said in SAID[:-1]:
        try:
            path(said)
        except BaseException as error:
            log.note(error)
    path(SAID[-1])
    return 0

cli.run = run
cli.main(["something"])
"""


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """A vault that is there."""
    from netto_tui.vault.vault import Vault

    Vault.create(tmp_path / "vault", zone="UTC").close()
    return tmp_path / "vault"


def left_by(code: str, vault: Path) -> tuple[str, str]:
    """What a run leaves on the terminal and in the log, when it meets each of the secrets in turn."""
    program = PROGRAM.format(path=textwrap.indent(textwrap.dedent(code).strip(), "    "))
    said = "\0".join(in_a_sentence(kind, secret) for kind, secret in SECRETS.items())
    done = subprocess.run(
        [sys.executable, "-c", program, str(vault)], input=said, capture_output=True, text=True, check=False
    )
    file = log.file_of(vault)
    return done.stdout + done.stderr, "".join(path.read_text() for path in (file,) if path.exists())


@pytest.mark.parametrize("path", PATHS)
def test_no_secret_is_left_anywhere(path: str, vault: Path) -> None:
    assert len(SECRETS) == 29
    terminal, logged = left_by(PATHS[path], vault)
    for kind, secret in SECRETS.items():
        for piece in pieces(secret):
            assert piece not in logged, kind
            assert piece not in terminal, kind
    for text in (terminal, logged):
        assert "Traceback" not in text and "raise ValueError(said)" not in text
    if path != "a print to stderr":
        assert "alice" not in terminal, "nothing of what was said"
        assert logged, "something is told of it"
    if "our logger" not in path:
        assert "alice" not in logged


def test_a_crash_of_the_program_is_four_lines_and_exit_status_70(vault: Path) -> None:
    program = PROGRAM.format(path="    fail(said)")
    done = subprocess.run(
        [sys.executable, "-c", program, str(vault)],
        input="said in private",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0] == "netto-tui had to stop: ValueError"
    assert str(log.file_of(vault)) in lines[2]
    assert len(lines) == 4
    told = log.file_of(vault).read_text()
    assert "builtins.ValueError" in told and "in fail" in told and "in run" in told
    assert "private" not in told + done.stderr


def test_without_a_vault_a_crash_is_told_and_nothing_is_made(tmp_path: Path) -> None:
    program = PROGRAM.format(path="    fail(said)")
    command = [sys.executable, "-c", program, str(tmp_path / "none")]
    done = subprocess.run(command, input="x", capture_output=True, text=True, check=False)
    assert (done.returncode, "could not be written" in done.stderr) == (70, True)
    assert list(tmp_path.iterdir()) == []


def record(name: str, message: object, *values: object) -> str:
    return log.Discreet().format(logging.LogRecord(name, logging.ERROR, "/where/it.py", 7, message, values, None))


def test_our_words_are_kept_and_those_of_libraries_are_templates() -> None:
    assert record("netto_tui.sync", "%d of %s", 3, "github").endswith(" ERROR netto_tui.sync it.py:7 3 of github")
    assert record("urllib3", "Retrying %s", "https://x").endswith(" ERROR urllib3 it.py:7 Retrying %s")
    assert record("urllib3", "Retrying https://x").endswith(" ERROR urllib3 it.py:7 ")
    assert record("netto_tuition", "Retrying https://x").endswith("it.py:7 ")


def test_a_record_is_one_line_that_no_terminal_obeys() -> None:
    line = record("netto_tui", "a\nb \x1b[2J%s", "\u202e\x9b2J")
    assert "\n" not in line and "\x1b" not in line and "\u202e" not in line and "\x9b" not in line


def test_half_a_secret_is_not_left_at_the_end_of_a_long_message() -> None:
    secret = SECRETS["GitHub token"]
    for filler in range(360, 400):
        line = record("netto_tui", "%s", "x" * filler + " " + secret)
        assert secret[:12] not in line


def test_the_log_is_private_is_set_aside_when_it_is_long_and_follows_no_link(vault: Path, tmp_path: Path) -> None:
    path = log.file_of(vault)
    log.append(path, "first")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    log.append(path, "x" * log.LIMIT)
    log.append(path, "last")
    assert path.read_text() == "last\n"
    assert path.with_suffix(".log.1").read_text().startswith("first\n")
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        log.append(path, "out")
    assert log.note(ValueError("x"), vault) is None
    assert not (tmp_path / "elsewhere").exists()
