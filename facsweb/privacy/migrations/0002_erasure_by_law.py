"""A change of the law that holds, and the team's own deletion of a recording, destroy with tombstones, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("privacy", "0001_erasures_copies_retention")]

    operations = [
        migrations.AlterField(
            model_name="erasure",
            name="why",
            field=models.CharField(
                choices=[
                    ("withdrawal", "The participant withdrew consent"),
                    ("narrowed", "The participant agreed to less than before"),
                    ("request", "The participant asked for it"),
                    ("deleted", "The study’s team deleted the recording"),
                    ("law", "The law of the study’s place does not allow it any more"),
                    ("retention", "The time for which the study keeps data was over"),
                ],
                max_length=12,
            ),
        ),
    ]
