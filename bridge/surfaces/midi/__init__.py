"""MIDI control surfaces: what their controls mean, what they show, and how they come and go. Read by `surface`."""
