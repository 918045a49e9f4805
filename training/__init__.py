"""Trains the networks in `networks/` with the macro's converters in the loop."""

import os

# One thread, before JAX starts: how XLA shares sums among threads depends on their number, and the last bits with it.
os.environ["NPROC"] = "1"
