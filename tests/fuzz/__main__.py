"""`python -m tests.fuzz [-max_total_time=60] [CORPUS]`: atheris against what opens seals, until something gives.

atheris is no dependency: `pip install atheris`. Without it there is nothing to do, and that is said. The arguments
are those of libFuzzer; without a CORPUS it is kept in .hypothesis/fuzz, so that each run goes on where the last ended.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def main() -> None:
    """Fuzz until told to stop, or for as long as the arguments say."""
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed, so nothing is fuzzed: pip install atheris")
        return
    import atheris

    with atheris.instrument_imports(include=["netto_tui.security", "netto_tui.model.revision"]):
        from tests.fuzz import tokens

    if all(argument.startswith("-") for argument in sys.argv[1:]):
        corpus = Path(".hypothesis/fuzz")
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(tokens.seeds()):
            (corpus / f"seed-{number}").write_bytes(seed)
        sys.argv.append(str(corpus))
    atheris.Setup(sys.argv, tokens.attempt)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
