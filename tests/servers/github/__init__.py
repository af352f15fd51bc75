"""A stand-in for the REST API of GitHub: real Git repositories on disk, and faults on demand.

    with GitHubServer(folder).start() as server:            # or: python -m tests.servers.github --root DIR --port P
        server.create_repository("vault")                   # alice/vault, private, empty
        server.faults({"match": "PATCH /repos/.*/git/refs/.*", "kind": "status", "code": 502, "times": 2})
        server.change("force-push", repository="alice/vault", steps=1)
        Github(base_url=server.url, auth=Auth.Token(server.token))
        server.log()                                        # every request, with bytes, and charged or not

From outside the process: POST a fault or a list of them to /_fake/faults, a change {"action": …} to /_fake/state, GET
or DELETE /_fake/log. Fields of faults: `faults.Fault`. Actions and their fields: `changes.CHANGES`.
Where it is stricter or simpler than GitHub: whoever has no token gets 401 for a private repository too (there: 404),
`size` of a repository is 0, a transfer is done at once, workflows never run, rules for branches do not exist.
"""

from __future__ import annotations

from tests.servers.github.server import GitHubServer

__all__ = ["GitHubServer"]
