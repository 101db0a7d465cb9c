import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def seed(apps, schema_editor):
    """The starter cohorts; and what was typed in freely before becomes cohorts of this installation."""
    from analysis.calibration.cohorts import starter_cohorts

    Cohort, Participant = apps.get_model("studies", "Cohort"), apps.get_model("studies", "Participant")
    for one in starter_cohorts():
        Cohort.objects.create(
            key=one.id,
            country=one.country,
            country_name=one.country_name,
            language=one.language,
            name=one.name,
            description=one.description,
            starter=True,
        )
    for words in Participant.objects.exclude(words="").values_list("words", flat=True).distinct():
        pk = uuid.uuid4()
        cohort, _ = Cohort.objects.get_or_create(
            name=words,
            defaults={"id": pk, "key": f"own-{pk.hex[:12]}", "description": "Typed in before there were cohorts."},
        )
        Participant.objects.filter(words=words).update(cohort=cohort)


def unseed(apps, schema_editor):
    Participant = apps.get_model("studies", "Participant")
    for participant in Participant.objects.exclude(cohort=None).select_related("cohort"):
        participant.words = participant.cohort.name
        participant.cohort = None
        participant.save()
    apps.get_model("studies", "Cohort").objects.all().delete()


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
        migrations.RunPython(seed, unseed),
        migrations.RemoveField(model_name="participant", name="words"),
    ]
