"""Bridge: REAPER sets a track's plugins by listening.

Importing the package loads nothing heavy: torch waits until a model is used.
"""

__version__ = "0.1.0"
