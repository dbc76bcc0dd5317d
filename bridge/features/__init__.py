"""Features of a recording: mel bands, log-mel frames, the spectral profile, styles. Nothing is decided here."""
