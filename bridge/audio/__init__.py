"""Sound itself: buffers, files, loudness and true peak, and music made from nothing. It knows no plugin."""
