"""The main job: settings for a track, judged through the plugins before they are accepted. It knows no REAPER."""
