"""The signing core: licence types, identifiers, rendering, issuing, and the register of every licence's status."""
