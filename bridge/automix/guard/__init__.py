"""Do no harm: what renders candidates (`renderer`), what measures them (`metrics`), what decides (`decision`).

`loudness_guard` decides for models with a loudness target, by the same renderer and metrics.
"""
