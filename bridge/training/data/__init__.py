"""Where examples come from: recordings, synthesised sounds, settings to learn. Nothing here learns."""
