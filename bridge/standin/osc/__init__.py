"""REAPER's OSC control surface over a real socket."""
