"""`bridge train`, `evaluate`, `models` and `styles`: models and what they know."""
