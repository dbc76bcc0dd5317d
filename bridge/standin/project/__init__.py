"""What a project holds: tracks, items, envelopes, undo, and what is heard of them. It knows no script."""
