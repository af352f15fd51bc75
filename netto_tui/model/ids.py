"""The names of conversations and items: computed, so that every machine agrees on them."""

from __future__ import annotations

import hashlib
import re
import uuid

CONVERSATION = re.compile(r"c_[0-9a-f]{32}")


def _short_hash(*fields: str) -> str:
    return hashlib.sha256("\0".join(fields).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def conversation_id(kind: str, native_id: str) -> str:
    """The id of a captured conversation, from its source's kind and its session id there."""
    return f"c_{_short_hash(kind, native_id)}"


def new_conversation_id() -> str:
    """A random id, for a conversation that begins here."""
    return f"c_{uuid.uuid4().hex}"


def message_id(conversation: str, key: str) -> str:
    """The item id of a message, from its conversation and a key that is unique in it."""
    return f"m_{_short_hash(conversation, key)}"


def new_message_id() -> str:
    """A random item id, for a message that is written here."""
    return f"m_{uuid.uuid4().hex}"
