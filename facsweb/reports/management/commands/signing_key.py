"""``manage.py signing_key``: which keys sign reports here; ``rotate`` makes the next one."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from facsweb.reports import authority, signing


class Command(BaseCommand):
    help = "Show the certificates that sign reports; rotate to another key, and revoke the one before."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", nargs="?", choices=["show", "rotate"], default="show")
        parser.add_argument("--revoke", action="store_true", help="put the key used so far on the revocation list")

    def handle(self, *args: Any, act: str, revoke: bool, **options: Any) -> None:
        if revoke and act != "rotate":
            raise CommandError("A key is revoked when another takes its place: signing_key rotate --revoke.")
        try:
            if act == "rotate":
                before = authority.leaf()
                if revoke:
                    authority.revoke(before.certificate.serial_number)
                authority.rotate()
            who = signing.identity()
            rows = [("Root", authority.root())] + [(one.folder.name, one) for one in authority.leaves()]
        except (authority.AuthorityError, signing.SigningError) as error:
            raise CommandError(str(error)) from error
        for label, held in rows:
            until = held.certificate.not_valid_after_utc
            self.stdout.write(f"{label:<9} {held.fingerprint}  valid until {until:%Y-%m-%d}")
        self.stdout.write(f"Signs now {who.fingerprint}, PAdES {signing.level(who)}")
