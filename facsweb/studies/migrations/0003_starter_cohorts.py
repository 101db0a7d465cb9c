import uuid

from django.db import migrations


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
    for words in Participant.objects.exclude(words="").order_by("words").values_list("words", flat=True).distinct():
        pk = uuid.uuid4()
        cohort, _ = Cohort.objects.get_or_create(
            name=words,
            defaults={"id": pk, "key": f"own-{pk.hex[:12]}", "description": "Typed in before there were cohorts."},
        )
        Participant.objects.filter(words=words).update(cohort=cohort)


def unseed(apps, schema_editor):
    Cohort, Participant = apps.get_model("studies", "Cohort"), apps.get_model("studies", "Participant")
    for cohort in Cohort.objects.all():
        Participant.objects.filter(cohort=cohort).update(words=cohort.name, cohort=None)
    Cohort.objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("studies", "0002_cohorts")]

    operations = [migrations.RunPython(seed, unseed)]
