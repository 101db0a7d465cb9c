"""Known vulnerabilities of the locked packages, as pip-audit tells them.

Fails where one is known. Where the service that knows them cannot be reached, or does not know the packages (an
index inside a company), it says in capitals that nothing was looked up: `make lint` goes on then, `make audit`,
which asks for nothing else, fails.

    python .ci/audit.py [--must-reach]
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
LOCK = REPOSITORY / "requirements.lock"
PATIENCE_S = 120
#: Findings that do not apply, each with its reason and the day until which that holds.
ACCEPTED: dict[str, str] = {}


def told(must_reach: bool) -> int:
    """Ask, say what came of it, and return the exit status."""
    tool = Path(sys.executable).with_name("pip-audit")
    command = [tool, "--requirement", LOCK, "--no-deps", "--disable-pip", "--format", "json"]
    command += [word for name in ACCEPTED for word in ("--ignore-vuln", name)]
    command += ["--progress-spinner", "off", "--timeout", "5"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        packages = json.loads(said.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError, OSError) as error:
        return _unknown(f"the service did not answer ({type(error).__name__})", must_reach)
    looked_up = [one for one in packages if "skip_reason" not in one]
    found = [(one["name"], one["version"], each) for one in looked_up for each in one["vulns"]]
    for name, version, each in found:
        fixed = ", ".join(each.get("fix_versions", [])) or "no fixed version yet"
        print(f"VULNERABLE: {name} {version}: {each['id']} (fixed in: {fixed})")
    if found:
        return 1
    if len(looked_up) < len(packages):
        known = f"{len(looked_up)} of {len(packages)} packages are known to the service that was reached"
        return _unknown(known, must_reach)
    print(f"pip-audit: {len(packages)} packages, no known vulnerability.")
    return 0


def _unknown(why: str, must_reach: bool) -> int:
    print(f"NOT AUDITED: {why}. Run `make audit` where the package index can be reached.", file=sys.stderr)
    return 2 if must_reach else 0


if __name__ == "__main__":
    sys.exit(told("--must-reach" in sys.argv[1:]))
