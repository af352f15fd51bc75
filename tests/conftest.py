"""What all tests share: how hard Hypothesis tries. Its time limit is off, since other work may run beside."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # as the replica sets it; a stand-in server may be loaded before it

settings.register_profile("usual", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("nightly", settings.get_profile("usual"), max_examples=3000)
settings.load_profile("nightly" if os.environ.get("NETTO_NIGHTLY") else "usual")
