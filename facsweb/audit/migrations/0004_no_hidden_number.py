"""SQLite's triggers also refuse a row that would replace another by its hidden number."""

from django.db import migrations

from facsweb.audit import triggers


def install(apps, schema_editor):
    if schema_editor.connection.vendor != "sqlite":
        return
    for statement in (*triggers.remove_sql("sqlite"), *triggers.install_sql("sqlite")):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_origin_before_after_anchors")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
