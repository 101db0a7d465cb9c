import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("studies", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Cohort",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("key", models.CharField(help_text="What calibrations call it; never changed.", max_length=40, unique=True)),
                ("country", models.CharField(blank=True, help_text="ISO 3166-1, such as DE.", max_length=2)),
                ("country_name", models.CharField(blank=True, max_length=60, verbose_name="Country")),
                ("language", models.CharField(blank=True, max_length=60)),
                ("name", models.CharField(max_length=80, unique=True)),
                ("description", models.TextField(help_text="Whom it is for, as participants read it: “Grew up mostly in …”.")),
                ("starter", models.BooleanField(default=False, help_text="Came with the product.")),
                ("active", models.BooleanField(default=True, help_text="Participants may state it.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("created_by", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={"ordering": ["country_name", "name"]},
        ),
        migrations.RenameField(model_name="participant", old_name="cohort", new_name="words"),
        migrations.AddField(
            model_name="participant",
            name="cohort",
            field=models.ForeignKey(
                blank=True,
                help_text="As the participant stated it; null where they left it out.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="participants",
                to="studies.cohort",
            ),
        ),
    ]
