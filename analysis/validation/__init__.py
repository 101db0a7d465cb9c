"""Agreement of the engine with people's codes: corpora, metrics and the published figures beside them."""
