"""The link to REAPER: messages, spool, mapping of a chain onto a track's FX. The DAW-specific part lives here."""
