"""Codings as files of other programs: writers and readers of ELAN, Praat, tables, JSON and subtitles."""
