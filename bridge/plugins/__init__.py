"""Chains of plugins and the host of worker processes that renders through them. It never loads torch."""
