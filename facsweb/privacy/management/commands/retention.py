"""``manage.py retention``"""

from django.core.management.base import BaseCommand
from django.utils import timezone

from facsweb.privacy import retention
from facsweb.studies.models import Study


class Command(BaseCommand):
    help = "Announce and destroy what studies keep no longer, as the recovery process does once a day."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="list what would go, and when; change nothing")

    def handle(self, *args, **options):
        now = timezone.now()
        going = 0
        for study in Study.objects.order_by("name"):
            known = retention.items(study, now)
            self.stdout.write(f"{study.name}: {len(known)} recordings and documents. {retention.sentence(study)}")
            for item in known:
                if item.due is None:
                    continue
                due = retention.is_due(item, now)
                going += due
                when = "goes now" if due else f"goes on {item.due:%Y-%m-%d}"
                self.stdout.write(f"  {item.participant.code}  {item.kind}  {item.id}  {when}")
        if options["dry_run"]:
            self.stdout.write(f"{going} would go now. Nothing was changed.")
            return
        day = retention.run(now)
        self.stdout.write(f"{going} go now; a worker destroys them. Announced so far today: {day.announced}.")
