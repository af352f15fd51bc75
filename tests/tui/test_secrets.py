"""Credentials on the screen: marked by a letter, masked everywhere, shown by one key until the text is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from netto_tui.model.ids import conversation_id, message_id
from netto_tui.model.revision import ABOUT, About, Message, Role, Sent, Stamp, Text, mint
from netto_tui.security.redact import mask
from netto_tui.tui.panes.browse import BrowsePane
from netto_tui.tui.panes.conflict_preview import ConflictPreview
from netto_tui.tui.screens.resolver import ResolverScreen
from netto_tui.tui.widgets.rowlist import RowList
from netto_tui.vault.vault import Vault
from tests.tui.conftest import Driven, Start
from tests.tui.test_browse import type_query
from tests.tui.vaults import NOW

DEPLOY = conversation_id("secrets", "deploy")
LEAKED = "kW8rtq2ZzPq0vL4mYb7cXs1dNf6hJg3t"
OTHER = "pR5tvw9XxLm3nK8jHg2fDs6aQz1cVb4n"
SAID: tuple[tuple[Role, str], ...] = (
    ("user", "How do I deploy this from my laptop?"),
    ("assistant", "Set the key of the service first:\n\n```sh\nexport SERVICE_API_KEY=…\n```"),
    ("user", f"So like this?\n\n```sh\nexport SERVICE_API_KEY={LEAKED}\n./deploy --now\n```"),
    ("assistant", "Yes. Make a new key afterwards: this one is written down now."),
)


@pytest.fixture
def leaky(vault_path: Path) -> Path:
    """A vault whose latest conversation holds a key, in a message of which there are two versions."""
    with Vault.open(vault_path, now=lambda: NOW) as vault:
        records = [
            mint(
                DEPLOY,
                ABOUT,
                About(title="First deploy", source={"app": "chat"}),
                Stamp("2026-11-23T09:00:00.000Z", 0, "chat"),
            )
        ]
        for number, (role, text) in enumerate(SAID):
            at = f"2026-11-23T09:0{number}:00.000Z"
            body = Message(role, (Text(text),), sent=Sent(at=at))
            records.append(mint(DEPLOY, message_id(DEPLOY, str(number)), body, Stamp(at, 0, "chat")))
        vault.add(records)
    return vault_path


@pytest.fixture
def contested(leaky: Path) -> Path:
    """The same, with the key changed on two devices."""
    with Vault.open(leaky, now=lambda: NOW) as vault:
        old = next(record for record in vault.records(DEPLOY) if LEAKED.encode() in record.raw)
        assert isinstance(old.rev.body, Message)
        for number, (by, key) in enumerate((("laptop", LEAKED + "A"), ("github", OTHER))):
            body = Message("user", (Text(f"export SERVICE_API_KEY={key}"),), sent=old.rev.body.sent)
            stamp = Stamp(f"2026-11-23T09:3{number}:00.000Z", 0, by)
            origin = "local" if by == "laptop" else by
            vault.add([mint(DEPLOY, old.rev.item, body, stamp, (old.id,))], origin=origin)
    return leaky


def shown(driven: Driven) -> str:
    """Every letter on the screen."""
    return "\n".join(
        "".join(segment.text for segment in strip) for strip in driven.app.screen._compositor.render_strips()
    )


def browse(driven: Driven) -> BrowsePane:
    return driven.app.main.query_one(BrowsePane)


async def read(driven: Driven) -> BrowsePane:
    """Open the leaky conversation, which is the latest."""
    pane = browse(driven)
    await driven.press("enter")
    await driven.until(lambda: pane.transcript.has_focus and pane.transcript.pages.count == len(SAID))
    return pane


async def test_the_list_and_the_text_mark_what_holds_a_secret(start: Start, leaky: Path) -> None:
    async with start() as driven:
        await read(driven)
        text = shown(driven)
        assert "s First deploy" in text
        assert "secrets masked (x)" in text
        assert "s secret" in text
        assert "‹API key›" in text


async def test_one_key_shows_the_secrets_and_leaving_the_text_masks_them(start: Start, leaky: Path) -> None:
    async with start() as driven:
        pane = await read(driven)
        assert LEAKED[:8] not in shown(driven)
        await driven.press("x")
        await driven.until(lambda: LEAKED[:8] in shown(driven))
        assert "secrets shown (x)" in shown(driven)
        await driven.press("x")
        await driven.until(lambda: LEAKED[:8] not in shown(driven))
        await driven.press("x", "escape")
        assert pane.entries.has_focus
        await driven.until(lambda: LEAKED[:8] not in shown(driven) and "secrets masked (x)" in shown(driven))


async def test_showing_secrets_keeps_the_place_where_one_reads(start: Start, leaky: Path) -> None:
    async with start(size=(80, 24)) as driven:
        pane = await read(driven)
        await driven.press("J", "J")
        before = pane.transcript.cursor
        await driven.press("x")
        assert (pane.transcript.cursor, before) == (2, 2)


async def test_another_conversation_does_not_offer_the_key(start: Start, leaky: Path) -> None:
    async with start() as driven:
        await driven.press("j")
        await driven.press("enter")
        await driven.until(lambda: browse(driven).transcript.has_focus)
        assert "x" not in driven.app.screen.active_bindings
        await driven.press("escape", "k", "enter", "x")
        assert "x" in driven.app.screen.active_bindings


async def test_what_is_copied_is_what_is_seen(start: Start, leaky: Path) -> None:
    async with start() as driven:
        pane = await read(driven)
        await driven.press("J", "J")
        assert LEAKED[:8] not in pane.copied_text()
        await driven.press("x")
        assert LEAKED in pane.copied_text()


async def test_a_search_finds_by_the_filter_and_shows_no_secret(start: Start, leaky: Path) -> None:
    async with start() as driven:
        await type_query(driven, "has:secret")
        assert browse(driven).entries.count == 1
        await driven.press("escape", "escape")
        await type_query(driven, "export")
        await driven.until(lambda: "export SERVICE_API_KEY" in shown(driven))
        assert LEAKED[:8] not in shown(driven)


async def test_no_version_of_a_conflict_shows_a_secret(start: Start, contested: Path) -> None:
    async with start() as driven:
        await driven.press("3")
        await driven.until(lambda: driven.app.main.query_one(ConflictPreview).lines)
        rows = driven.app.main.query_one("#waiting", RowList)
        while rows.selected and rows.selected.title != "First deploy":
            await driven.press("j")
        await driven.settle()
        await driven.until(lambda: "‹API key›" in shown(driven))
        assert LEAKED[:8] not in shown(driven)
        assert OTHER[:8] not in shown(driven)
        await driven.press("enter")
        await driven.until(
            lambda: isinstance(driven.app.screen, ResolverScreen) and driven.app.screen.state is not None
        )
        for keys in ((), ("1",), ("2",)):
            await driven.press(*keys)
            text = shown(driven)
            assert "‹API key›" in text
            assert LEAKED[:8] not in text
            assert OTHER[:8] not in text


async def test_a_notification_names_a_secret(start: Start) -> None:
    async with start() as driven:
        driven.app.notify(f"It cannot be read: token = {LEAKED}")
        await driven.settle()
        assert [mask(toast) for toast in driven.toasts] == driven.toasts
        assert "‹token›" in driven.toasts[-1]
