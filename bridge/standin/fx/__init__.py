"""FX: what all have in common, doubles of REAPER's own, and real plugins in processes of their own."""
