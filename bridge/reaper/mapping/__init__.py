"""A chain mapped onto the FX of a track: which FX, which parameters, in which law."""
