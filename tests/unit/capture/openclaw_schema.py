"""The tables of an OpenClaw agent's database (schema 23) that matter here, with the columns that are read or written.

Without the constraints, indexes and triggers of the real ones, which the tests also run over where the
samples are.
"""

from __future__ import annotations

_TABLES = {
    "schema_meta": "meta_key role schema_version agent_id app_version created_at updated_at",
    "session_nodes": (
        "session_key current_session_id entry_json entry_valid updated_at status created_at project_id"
        " parent_session_key spawned_by fork_source_session_id fork_source_entry_id label display_name"
        " pinned_at archived_at"
    ),
    "session_participants": "session_key identity_namespace actor_id contribution_count",
    "session_windows": (
        "session_id session_key previous_session_id reason created_at updated_at status chat_type channel"
        " account_id primary_conversation_id model parent_session_key spawned_by display_name"
    ),
    "conversations": "conversation_id channel account_id kind peer_id delivery_target label created_at updated_at",
    "transcript_events": "session_id seq event_json created_at event_zstd event_utf8_bytes navigation_json",
    "session_transcript_archives": (
        "session_id generation session_key reason encoding archive_blob archive_sha256 archive_name created_at"
    ),
    "session_transcript_cold_archives": (
        "session_id generation archive_name archive_sha256 event_count raw_bytes archive_bytes last_seq"
        " archived_at storage archive_blob"
    ),
    "session_transcript_index_state": "session_id indexed_seq leaf_event_id updated_at",
    "memory_session_tombstones": "session_id agent_id reason created_at",
    "auth_profile_store": "store_key store_json updated_at",
}

SCHEMA = "".join(f"CREATE TABLE {name} ({', '.join(columns.split())});\n" for name, columns in _TABLES.items())
