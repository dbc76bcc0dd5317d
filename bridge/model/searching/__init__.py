"""From an answer to a better one, by trying settings through the plugins."""
