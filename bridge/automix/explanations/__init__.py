"""Why each setting was changed, in a sentence made of what was measured. It decides nothing about settings."""
