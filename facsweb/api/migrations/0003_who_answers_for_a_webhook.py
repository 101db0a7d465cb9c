import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('api', '0002_addresses_as_the_log_keeps_them'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RenameField(model_name='webhook', old_name='created_by', new_name='steward'),
        migrations.AlterField(
            model_name='webhook',
            name='steward',
            field=models.ForeignKey(help_text='Who answers for it: whoever set it up, or resumed it last.', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='webhook',
            name='notice',
            field=models.TextField(blank=True, help_text='Why it was disabled or paused, a sentence for a person.'),
        ),
    ]
