"""What a model hears of a recording: bands, log-mel frames, the long-term sound of it, styles. It judges nothing."""
