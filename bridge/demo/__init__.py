"""`bridge demo`: the main job from end to end, on music made for it, with nothing prepared."""
