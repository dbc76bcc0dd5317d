"""Models whose settings move in time: frames heard, regions found, curves drawn, and a guard of their own."""
