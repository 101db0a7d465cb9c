"""Check a signed report far from the installation that made it, with its root certificate alone.

``python -m facsweb.reports.offline REPORT.pdf --root root.pem [--crl installation.crl] [--tsa-root tsa.pem]``
prints what pyHanko finds about every signature and exits with 0 when all are valid, every later change is allowed
and nothing follows the last one; else with 1. It needs neither database nor network. Whether the report was
revoked since only the installation knows (its verification page).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from asn1crypto import crl
from pyhanko.keys import load_certs_from_pemder

from facsweb.reports.signatures import Account, account, end_of_signed, read


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m facsweb.reports.offline", description="Check a signed report."
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--root", type=Path, action="append", required=True, help="certificate to trust")
    parser.add_argument("--crl", type=Path, action="append", default=[], help="newer revocation list (DER)")
    parser.add_argument("--tsa-root", type=Path, action="append", default=[], help="root of the time stamps")
    asked = parser.parse_args(arguments)
    try:
        data = asked.file.read_bytes()
        roots = list(load_certs_from_pemder([str(path) for path in asked.root]))
        stamps = list(load_certs_from_pemder([str(path) for path in asked.tsa_root]))
        lists = [crl.CertificateList.load(path.read_bytes()) for path in asked.crl]
        reader = read(data)
        found = [account(one, reader, roots, lists, stamps) for one in reader.embedded_regular_signatures]
        rest = len(data) - end_of_signed(reader)
    except Exception as error:  # hostile input: whatever a parser stumbles over
        print(f"{asked.file} cannot be checked: {type(error).__name__}: {error}")
        return 1
    for one in found:
        print("\n".join(_lines(one)), end="\n\n")
    good = bool(found) and not rest and all(_is_good(one) for one in found)
    if not found:
        print("There is no signature.")
    if rest:
        print(f"{rest} bytes follow the last signature.")
    print("VALID: all signatures hold." if good else "NOT VALID. Do not rely on this file.")
    return 0 if good else 1


def _is_good(one: Account) -> bool:
    return one.bottom_line and one.allowed and not one.hidden


def _lines(one: Account) -> list[str]:
    return [
        f"=== {one.field}: {one.name} ===",
        f"Certificate  {one.subject}",
        f"SHA-256      {one.fingerprint}",
        f"Covers       {one.coverage}; {one.changes}",
        f"Certifies    {one.docmdp}",
        f"Long term    {one.ltv}",
        *(["Hidden       something stands in the space reserved for the signature"] if one.hidden else []),
        "",
        one.details.strip(),
    ]


if __name__ == "__main__":
    sys.exit(main())
