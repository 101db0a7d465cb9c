from django.db import migrations


class Migration(migrations.Migration):
    """Apart from the data: PostgreSQL alters no table in the transaction that has just written to it."""

    dependencies = [("studies", "0003_starter_cohorts")]

    operations = [migrations.RemoveField(model_name="participant", name="words")]
