"""Everything that made a shipped model or reference, and the programs that measure them."""
