"""Models whose settings move in time: features of frames, regions, curves, and a guard of their own."""
