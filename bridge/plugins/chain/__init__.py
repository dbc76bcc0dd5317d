"""Chains as data: parameters, display laws, chain files, the catalog of installed plugins, calibration."""
