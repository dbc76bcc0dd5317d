"""Why each control was changed, as facts made of what was measured. It decides nothing about settings."""
