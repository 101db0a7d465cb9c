"""The whole examination, in the order in which one thing needs the other, and what it prints.

Django is loaded in its middle, and whatever goes wrong with that is a finding too.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import queue
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from facsweb import installation
from facsweb.operation.doctor import FAULT, OK, Check, Finding, fault, ground

#: A check that takes longer is given up.
LIMIT_S: Final = 20.0
HELP: Final = "Look at everything that this installation needs, and say what to do about what is wrong."


def main(words: list[str]) -> int:
    """Examine, print, and return the exit status: 1 where there is a fault."""
    parser = argparse.ArgumentParser(prog="manage.py doctor", description=HELP)
    parser.add_argument("--json", action="store_true", help="one JSON object for programs")
    parser.add_argument(
        "--only", action="append", default=[], metavar="CHECK", help="such as redis; may be repeated"
    )
    options = parser.parse_args(words)
    found = []
    for one in examine(frozenset(options.only)):
        found.append(one)
        if not options.json:
            print(line(one), flush=True)
    faults = sum(one.level == FAULT for one in found)
    warnings = len(found) - faults - sum(one.level == OK for one in found)
    if options.json:
        print(json.dumps({"well": not faults, "findings": [asdict(one) for one in found]}, indent=1))
    else:
        print(f"\n{faults} fault(s), {warnings} warning(s)." if faults or warnings else "\nEverything is well.")
    return 1 if faults else 0


def line(one: Finding) -> str:
    """A finding for a person."""
    remedy = f"\n         → {one.remedy}" if one.remedy else ""
    return f"{one.level:8} {one.about}: {one.says}{remedy}"


def examine(only: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Everything, one after the other; or some checks, by the names of their functions."""
    known = {check.__name__ for check in ground.CHECKS}
    for check in ground.CHECKS:
        if not only or check.__name__ in only:
            yield from _done(check)
    if only and only <= known:
        return
    _leave_no_trace()
    trouble = list(_settings())
    yield from trouble
    if any(one.level == FAULT for one in trouble):
        return
    # Only now: all of these need the settings.
    from facsweb.operation.doctor import site, stored, tools, working

    for part in (site.CHECKS, stored.CHECKS, working.CHECKS, tools.CHECKS):
        known |= {check.__name__ for check in part}
        for check in part:
            if not only or check.__name__ in only:
                yield from _done(check)
    if strange := only - known:
        yield fault("doctor", f"There is no check {min(strange)}.", f"There are: {', '.join(sorted(known))}.")


def _leave_no_trace() -> None:
    """Loading the settings makes a secret key where there is none; looking must not."""
    if os.environ.get("FACSWEB_ENV", "development") != "production":
        try:
            there = (installation.data_dir() / "secret_key").exists()
        except OSError:
            there = False
        if not there:
            os.environ.setdefault("SECRET_KEY", "of an installation that has none yet, made up by the doctor")


def _settings() -> Iterator[Finding]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facsweb.settings")
    try:
        import django

        django.setup()
    except ImportError as error:
        yield fault("settings", f"A package is missing: {error.name}.", ground.INSTALL)
    except Exception as error:  # whatever an environment can break
        words = str(error) or type(error).__name__
        yield fault("settings", f"The settings do not load: {words}", _variable(words))
    logging.disable(logging.WARNING)  # findings say it


def _variable(words: str) -> str:
    """What to correct, by the value that an error quotes."""
    table = "docs/deploy.md has the table of variables."
    for name, value in sorted(os.environ.items()):
        ours = name.startswith(("FACSWEB_", "EMAIL_", "SESSION_", "OIDC_", "DATABASE_", "REDIS_"))
        if ours and value and repr(value) in words:
            return f"Correct {name}. {table}"
    return f"Correct the environment. {table}"


def _done(check: Check) -> Iterable[Finding]:
    """A check's findings; one that hangs or breaks is a finding itself, and the others go on."""
    answer: queue.SimpleQueue[list[Finding]] = queue.SimpleQueue()
    name = check.__name__.replace("_", " ")

    def work() -> None:
        try:
            found = list(check())
        except Exception as error:
            where = _where(error)
            remedy = "If nothing above explains it, this is a fault of facsweb's: report this line."
            found = [fault(name, f"It could not be looked at: {type(error).__name__} in {where}.", remedy)]
        finally:
            if "django.db" in sys.modules:
                sys.modules["django.db"].connections.close_all()
        answer.put(found)

    threading.Thread(target=work, name=name, daemon=True).start()
    try:
        return answer.get(timeout=LIMIT_S)
    except queue.Empty:
        says = f"No answer within {LIMIT_S:.0f} s."
        return [fault(name, says, "Look whether the server behind it hangs or a firewall swallows the packets.")]


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else "nowhere"
