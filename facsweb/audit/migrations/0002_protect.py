"""Triggers that make the log append-only in the database itself."""

from django.db import migrations

from facsweb.audit import triggers


def _run(statements, schema_editor):
    for statement in statements:
        schema_editor.execute(statement, params=None)


def install(apps, schema_editor):
    _run(triggers.install_sql(schema_editor.connection.vendor, [triggers.ENTRY]), schema_editor)


def remove(apps, schema_editor):
    _run(triggers.remove_sql(schema_editor.connection.vendor, [triggers.ENTRY]), schema_editor)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(install, remove)]
