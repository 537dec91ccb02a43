"""E-seals (电子印章): who owns them, what they look like, when they may be used, and the act of sealing a PDF."""
