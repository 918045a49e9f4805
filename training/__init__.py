"""Trains the networks in `networks/` with the macro's converters in the loop."""
