"""A Markdown file that belongs to no known source: one document, as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netto_tui.capture.about import titled
from netto_tui.capture.base import Draft, Event, Found, Skipped
from netto_tui.capture.candidate import Candidate
from netto_tui.capture.mapping import path_text
from netto_tui.capture.openclaw_workspace import as_document
from netto_tui.capture.reading import whole
from netto_tui.model.ids import conversation_id
from netto_tui.model.revision import ABOUT, UNDATED, About

KIND = "markdown"
BY = f"source:{KIND}"

_HEADING = re.compile(r"^# +(.+?) *#* *$", re.MULTILINE)


class Markdown:
    """Any Markdown file that a person names, or asks for with `--from markdown`."""

    kind = KIND

    def detect(self, candidate: Candidate) -> Found | None:
        """By the ending of the name; anything that knows more comes first."""
        path = candidate.path
        if candidate.is_folder or path.suffix.lower() not in (".md", ".markdown"):
            return None
        return Found(KIND, KIND, path, path.parent, 0.1)

    def read(self, found: Found) -> Iterator[Event]:
        """The document, and a header with its first heading."""
        name = path_text(found.path.relative_to(found.root))
        conversation = conversation_id(KIND, name)
        document, blobs = as_document(name, whole(found.path))
        if document.blobs:
            yield Skipped(found.where, 0, "the text is not UTF-8; its bytes are kept as they are")
        yield Draft(conversation, name, document, "", BY, blobs)
        heading = _HEADING.search(document.text[:64_000])
        about = About(
            source={"app": KIND, "format": KIND, "native_id": name, "path": name},
            native={"titles": {"name": heading[1]}} if heading else {},
        )
        yield Draft(conversation, ABOUT, titled(about), UNDATED, BY)
