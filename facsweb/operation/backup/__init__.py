"""One consistent copy of an installation, made while it works, and an installation made from such a copy.

A backup folder holds generations, each a folder that is whole when its ``manifest.json`` is there::

    2026-03-01T020000Z/
        manifest.json            written last: what it is, tables with counts and digests, its own hash
        files.jsonl.gz           every file with size, SHA-256 and time
        tables/<table>.jsonl.gz  rows, one a line, the same for SQLite and PostgreSQL
        media/ scorers/ anchors/ uploads/ keys/ secret_key

Files that did not change since the generation before are hard links to it.
"""

from __future__ import annotations


class BackupError(Exception):
    """A backup cannot be made, used or restored; the message is a sentence for the operator."""
