"""`bridge doctor`: looks at every link between REAPER, scripts, daemon, models and plugins. It mends nothing."""
