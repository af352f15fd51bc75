"""A vault that is closed while another thread reads it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

from netto_tui.recovery.verify import verify
from netto_tui.vault.vault import Vault
from tests.unit.vault.talks import new_vault, talk

def look(vault):
    try:
        verify(vault, [])
    except Exception:  # whatever a closed vault says
        pass

with TemporaryDirectory() as folder:
    with new_vault(Path(folder) / "vault") as vault:
        vault.add([record for number in range(20) for record in talk(number)])
    for turn in range(60):
        vault = Vault.open(Path(folder) / "vault")
        thread = threading.Thread(target=look, args=(vault,))
        thread.start()
        thread.join(turn / 20_000)
        vault.close()
        thread.join()
"""


def test_a_vault_is_closed_beside_a_query_and_the_process_lives() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
