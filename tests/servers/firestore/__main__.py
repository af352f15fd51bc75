"""`python -m tests.servers.firestore --root DIR --port P --project demo`: the server as its own process.

It prints the value of FIRESTORE_EMULATOR_HOST as its first line once it answers, and serves until it is ended.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.servers.firestore.server import FirestoreServer


def main() -> None:
    """Serve until the process is ended."""
    arguments = argparse.ArgumentParser(prog="python -m tests.servers.firestore", description=__doc__)
    arguments.add_argument("--root", type=Path, help="directory of the data (default: in memory only)")
    arguments.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    arguments.add_argument("--project", action="append", default=[], help="a project to create; may be repeated")
    arguments.add_argument("--create-on-use", action="store_true", help="let every project exist")
    asked = arguments.parse_args()
    if not 0 <= asked.port < 65536:
        arguments.error(f"{asked.port} is no port: choose one from 1 to 65535, or 0 for a free one")
    try:
        server = FirestoreServer(asked.root, create_on_use=asked.create_on_use)
        server.start(asked.port)
    except RuntimeError as error:
        arguments.exit(1, f"The server does not begin. {error}\n")
    for project in asked.project:
        server.create(project)
    print(server.address, flush=True)
    server.wait()


if __name__ == "__main__":
    main()
