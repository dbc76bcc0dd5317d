"""What listens: features, encoder, bundles, the guard, and the main job on a track or a file. It knows no REAPER."""
