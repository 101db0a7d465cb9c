"""What the programs of operators load, for a process that forks them: imported once instead of in every fork."""

from __future__ import annotations

from django.core.management import get_commands, load_command_class
from django.db.migrations.loader import MigrationLoader

import facsweb.operation.doctor.tools
import facsweb.reports.tasks
import facsweb.reports.verification
import facsweb.urls
import manage
import tests.factories

__all__ = ["facsweb", "manage", "tests"]

MigrationLoader(None, ignore_no_migrations=True)  # imports every migration, asks no database
for name in ("audit", "backup", "migrate", "restore"):
    load_command_class(get_commands()[name], name)
