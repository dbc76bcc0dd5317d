"""Plugins as layers of a network: gradients through renders by finite differences."""
