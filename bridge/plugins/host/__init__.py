"""The plugin host: renders through chains in worker processes, whatever the plugins do."""
