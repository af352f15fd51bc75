"""What is done with what was written apart: merged, the latest taken, or left to a person; see model.merge."""

from __future__ import annotations

from typing import Literal

Policy = Literal["merge", "latest", "flag"]
