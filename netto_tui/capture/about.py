"""Headers of conversations: made from what a source says, and united with what is known already."""

from __future__ import annotations

from typing import Any

import msgspec

from netto_tui.model.revision import About, encode_body, encode_value

TITLES = ("custom", "label", "display_name", "name", "generated", "summary")
"""Where a title comes from, the person's own first; a header keeps all of them in `native.titles`."""

_SETS = ("participants", "lineage")


def titled(about: About) -> About:
    """The same header with the title that its `native.titles` asks for."""
    titles = about.native.get("titles", {})
    title = next((titles[kind] for kind in TITLES if titles.get(kind)), about.title)
    return msgspec.structs.replace(about, title=title)


def unite(known: About, seen: About, newer: bool | None) -> About:
    """A header with every field of both, so that sources that know different things add up.

    Where both say something else, the newer one counts: `newer` says whether that is `seen`, None
    that both are equally old; then it is the one that sorts last, any before none, which makes the
    order of imports irrelevant. Uniting again with either changes nothing.
    """
    one, other = (msgspec.json.decode(encode_body(about)) for about in (known, seen))
    united = _unite(one, other, newer)
    for name in _SETS:
        united[name] = _union(one.get(name, []), other.get(name, []))
    return titled(msgspec.convert(united, About))


def _unite(known: Any, seen: Any, newer: bool | None) -> Any:
    if isinstance(known, dict) and isinstance(seen, dict):
        both = {key: _unite(known[key], seen[key], newer) for key in known.keys() & seen.keys()}
        return {**known, **seen, **both}
    if newer is None:
        newer = known is None or (seen is not None and encode_value(seen) > encode_value(known))
    return seen if newer else known


def _union(known: list[Any], seen: list[Any]) -> list[Any]:
    values = {encode_value(value): value for value in (*known, *seen)}
    return [values[key] for key in sorted(values)]
