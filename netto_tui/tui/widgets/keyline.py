"""The line of keys at the bottom: made anew only where another key works, or one no longer does."""

from __future__ import annotations

from textual.screen import Screen
from textual.widgets import Footer


class KeyLine(Footer):
    """Textual's footer makes all of its keys again whenever one asks for it, which takes longer than to draw a list."""

    _known: object = None
    _is_asked = False

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)

    def bindings_changed(self, screen: Screen[object]) -> None:
        """Look once for several changes that come together."""
        if not self._is_asked:
            self._is_asked = True
            self.call_after_refresh(self._look)

    def _look(self) -> None:
        """Draw the keys that work now, if they are others than before."""
        self._is_asked = False
        if not (self.is_attached and self.screen.is_active and self.app.app_focus):
            return
        shown = [
            (binding.key, binding.description, binding.action, enabled, tooltip, self.app.get_key_display(binding))
            for _, binding, enabled, tooltip in self.screen.active_bindings.values()
            if binding.show
        ]
        if shown != self._known:
            self._known = shown
            super().bindings_changed(self.screen)
