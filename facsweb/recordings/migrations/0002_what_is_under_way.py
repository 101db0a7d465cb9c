from django.db import migrations, models

from facsweb.gently import AddIndexGently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ('recordings', '0001_initial'),
    ]

    operations = [
        AddIndexGently(
            model_name='recording',
            index=models.Index(fields=['proxy_state'], name='recordings_by_proxy'),
        ),
        AddIndexGently(
            model_name='upload',
            index=models.Index(fields=['state'], name='uploads_by_state'),
        ),
    ]
