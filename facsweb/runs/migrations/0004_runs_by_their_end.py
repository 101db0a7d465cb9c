from django.db import migrations, models

from facsweb.gently import AddIndexGently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('runs', '0003_segments'),
    ]

    operations = [
        AddIndexGently(
            model_name='analysisrun',
            index=models.Index(fields=['finished_at'], name='runs_ended'),
        ),
    ]
