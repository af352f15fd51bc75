"""`python -m tests.servers.github --root DIR [--port P]`: serve until the process ends; the first line says where."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path

from tests.servers.github.server import GitHubServer


def main() -> None:
    """Serve. Prints one JSON line with `url` and `token` once it listens."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.github", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="where the repositories and the state are kept")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options = parser.parse_args()
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    with GitHubServer(options.root, options.port) as server:
        server.start()
        print(json.dumps({"url": server.url, "token": server.token}), flush=True)
        stopped.wait()


if __name__ == "__main__":
    main()
