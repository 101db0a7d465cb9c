"""From where, before and after, the version of the hash, indexes for long logs; signed anchors.

SQLite rebuilds the table, which drops its triggers: they are lifted before and installed again after. Entries from
before carry hashes of form 1 and keep them.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from facsweb.audit import triggers


def _run(statements, schema_editor):
    for statement in statements:
        schema_editor.execute(statement, params=None)


def lift(tables):
    return lambda apps, editor: _run(triggers.remove_sql(editor.connection.vendor, tables), editor)


def install(tables):
    return lambda apps, editor: _run(triggers.install_sql(editor.connection.vendor, tables), editor)


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0002_protect'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(lift([triggers.ENTRY]), install([triggers.ENTRY])),
        migrations.CreateModel(
            name='Anchor',
            fields=[
                ('number', models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ('day', models.DateField(unique=True)),
                ('entry', models.PositiveBigIntegerField(db_index=True)),
                ('statement', models.TextField()),
                ('signature', models.TextField()),
                ('certificate', models.TextField()),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.AddField(
            model_name='entry',
            name='address',
            field=models.CharField(blank=True, max_length=45),
        ),
        migrations.AddField(
            model_name='entry',
            name='after',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='entry',
            name='agent',
            field=models.CharField(blank=True, max_length=160),
        ),
        migrations.AddField(
            model_name='entry',
            name='before',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='entry',
            name='format',
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AlterField(
            model_name='entry',
            name='format',
            field=models.PositiveSmallIntegerField(default=2),
        ),
        migrations.AddField(
            model_name='entry',
            name='salt',
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddField(
            model_name='entry',
            name='session',
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AddField(
            model_name='entry',
            name='via',
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AlterField(
            model_name='entry',
            name='actor',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='entry',
            name='at',
            field=models.DateTimeField(db_index=True),
        ),
        migrations.AlterField(
            model_name='entry',
            name='object_id',
            field=models.CharField(max_length=64),
        ),
        migrations.AlterField(
            model_name='entry',
            name='study_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['study_id', 'number'], name='audit_study'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['study_id', 'action', 'number'], name='audit_action'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['study_id', 'actor_label', 'number'], name='audit_person'),
        ),
        migrations.AddIndex(
            model_name='entry',
            index=models.Index(fields=['object_id', 'action', 'actor', 'at'], name='audit_object'),
        ),
        migrations.RunPython(install(triggers.TABLES), lift(triggers.TABLES)),
    ]
