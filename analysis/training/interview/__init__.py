"""The demonstration's interview: a rendered figure, two synthesised voices and invented words (``play.toml``)."""
