"""The app: Textual over the vault, the sync worker and recovery."""
