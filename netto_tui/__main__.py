"""`python -m netto_tui`, the same as `netto-tui`."""

from netto_tui.cli import main

main()
