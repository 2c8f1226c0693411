"""Choosing thresholds: honest generations and cheats of one class, their distances, exact bounds, and the report."""
