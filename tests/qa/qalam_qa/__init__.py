"""Breaks real brokers in every way a machine can, and judges what was left: the program qalam-qa."""
