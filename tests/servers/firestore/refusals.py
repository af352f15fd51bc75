"""What the server says when it does not do what it was asked."""

from __future__ import annotations

import grpc


class Refused(Exception):
    """A call that ends with this status. `message` is what the caller gets to read."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message


def invalid(message: str) -> Refused:
    """The request makes no sense, whatever the state of the database."""
    return Refused(grpc.StatusCode.INVALID_ARGUMENT, message)
