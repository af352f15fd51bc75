"""Lines, lists and texts that know no store."""
