"""Losses: of positions and profiles, of audio, and through the plugins themselves."""
