"""A plugin of pytest for the lanes of tests/side_by_side.py: says which test failed the moment it did.

One line goes to a descriptor that the lane inherits, past what is kept for the report at the end.
"""

from __future__ import annotations

import os

import pytest

#: Of what went wrong, so many characters; all of it is in the report.
WIDTH = 200


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--told-to", type=int, help="descriptor that failures are written to")
    parser.addoption("--told-as", default="pytest", help="what each of its lines begins with")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--told-to") is not None:
        config.pluginmanager.register(_Telling(config.getoption("--told-to"), config.getoption("--told-as")))


class _Telling:
    def __init__(self, descriptor: int, name: str) -> None:
        self.descriptor, self.name = descriptor, name

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._tell(report, "" if report.when == "call" else f" in its {report.when}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._tell(report, " to be read")

    def _tell(self, report: pytest.TestReport | pytest.CollectReport, where: str) -> None:
        if not report.failed:
            return
        crash = getattr(report.longrepr, "reprcrash", None)
        lines = (crash.message if crash else report.longreprtext).strip().splitlines() or [""]
        why = lines[0 if crash else -1][:WIDTH]
        said = f"{self.name}: FAILED{where} {report.nodeid}: {why}\n"
        os.write(self.descriptor, said.encode(errors="replace"))  # in one piece: lines of lanes do not mix
