"""Commands from OSC and MIDI control surfaces, as data. What they do is the daemon's."""
