"""``manage.py storage``"""

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from facsweb.storage import cache, hosts, shelf
from facsweb.storage.checking import check
from facsweb.storage.models import Host


class Command(BaseCommand):
    help = "Check the storage of files, send what lies here to a new bucket, or list the hosts that share it."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("what", choices=["check", "upload", "hosts"])

    def handle(self, *args, **options):
        getattr(self, options["what"])()

    def check(self, *args, **kwargs):
        if args or kwargs:  # Django's own checks have the same name
            return super().check(*args, **kwargs)
        found = check()
        for fault in found:
            self.stdout.write(f"{fault.what} {fault.remedy}")
        if found:
            raise CommandError(f"{len(found)} of the things above must be put right.")
        self.stdout.write("Files can be written, read, listed and removed.")
        return None

    def upload(self):
        """Send every file; one that is there already is not sent again."""
        if not shelf.is_shared():
            raise CommandError("There is no bucket to send files to. Set FACSWEB_S3_BUCKET first.")
        count = 0
        with shelf.patient():
            for first in ("media", "scorers"):
                for path in files(cache.roots()[first]):
                    shelf.keep(path)
                    count += 1
        hosts.this()  # from here on it is a cache
        self.stdout.write(f"{count} files are in the bucket.")

    def hosts(self):
        for host in Host.objects.order_by("name"):
            self.stdout.write(f"{host.name}  {host.pk}  last heard of {host.seen_at:%Y-%m-%d %H:%M:%S} UTC")


def files(root: Path) -> list[Path]:
    """Files of the installation below a root; drafts of scorers and the cache's own things are none."""
    found = root.rglob("*") if root.is_dir() else ()
    return sorted(
        path for path in found if path.is_file() and not {cache.OWN, ".drafts"} & set(path.relative_to(root).parts)
    )
