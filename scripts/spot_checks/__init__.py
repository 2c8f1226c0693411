"""What spot checks catch, what they never catch, and what they cost: `python -m scripts.spot_checks`."""
