"""``python -m tests.rollout.record`` writes down the migrations of a version when it is published.

From then on each is what the version before has, and the next ones are judged (`rules`).
"""

from __future__ import annotations

import json
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    found: dict[str, list[str]] = {}
    for path in sorted((HERE.parent.parent / "facsweb").glob("*/migrations/[0-9]*.py")):
        found.setdefault(path.parent.parent.name, []).append(path.stem)
    (HERE / "recorded.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
