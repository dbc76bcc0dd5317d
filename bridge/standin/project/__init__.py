"""What a project holds: tracks, items, envelopes, undo, and their sound. It knows no script."""
