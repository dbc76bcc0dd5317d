"""The worker process in which plugins live: `python -m bridge.plugins.worker`."""
