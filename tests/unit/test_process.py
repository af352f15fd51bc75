"""What libraries print to stderr is masked and harmless; what we say there ourselves is said as it is."""

from __future__ import annotations

import io
import sys

import click
import pytest

from netto_tui import process
from tests.payloads import OBEYED, PAYLOADS
from tests.unit.secret_kinds import made_up


def masked(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a masked stderr, which is there from now on, hands on."""
    under = io.StringIO()
    monkeypatch.setattr(sys, "stderr", process.Masked(under))
    return under


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_no_payload_passes(payload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = masked(monkeypatch)
    print(payload, file=sys.stderr)
    click.echo(payload, err=True)
    assert stderr.getvalue() and not OBEYED.search(stderr.getvalue())


def test_secrets_are_masked_but_for_those_that_we_show_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = masked(monkeypatch)
    secret = made_up()["GitHub token"]
    print("it said", secret, file=sys.stderr)
    assert secret not in stderr.getvalue() and "it said" in stderr.getvalue()
    process.own_words(f"Your code: {secret}\n")
    assert secret in stderr.getvalue()


def test_a_program_that_is_interrupted_leaves_as_the_shell_expects() -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert process.guarded(interrupted) == 130
    assert process.guarded(lambda: 5) == 5


def test_a_stream_that_is_gone_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)
    process.own_words("nobody hears this")
    monkeypatch.setattr(sys, "stderr", None)
    process.own_words("nor this")
