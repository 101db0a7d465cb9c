from django.db import migrations, models
from django.utils import timezone


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Backup",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("name", models.CharField(help_text="Of the generation: when it began.", max_length=40)),
                ("at", models.DateTimeField(db_index=True, default=timezone.now)),
                ("files", models.PositiveBigIntegerField()),
                (
                    "size",
                    models.PositiveBigIntegerField(help_text="Bytes, those included that an older generation shares."),
                ),
                ("rows", models.PositiveBigIntegerField()),
                (
                    "missing",
                    models.PositiveIntegerField(default=0, help_text="Files that rows name and that were not there."),
                ),
            ],
            options={"ordering": ["-at"]},
        ),
        migrations.CreateModel(
            name="Beat",
            fields=[
                (
                    "name",
                    models.CharField(
                        help_text="Kind, host and process id.", max_length=160, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(db_index=True, help_text="worker, recovery, live …", max_length=20)),
                ("started_at", models.DateTimeField(default=timezone.now)),
                ("at", models.DateTimeField(db_index=True, default=timezone.now)),
            ],
            options={"ordering": ["name"]},
        ),
    ]
