"""`bridge demo`: the main job from end to end, on synthesised music, with nothing prepared."""
