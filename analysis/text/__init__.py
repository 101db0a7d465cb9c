"""Words: transcripts and documents read into units, each with what a reader may take from its wording."""
