"""Whether the web server is well; ``python -m facsweb.processes.health PORT`` says so by its exit status."""

from __future__ import annotations

import http.client
import os
import sys
from typing import Final

LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (to reach a server that listens everywhere)  # nosec B104


def answers(host: str, port: int, *, timeout_s: float = 1.0) -> bool:
    """Whether the web server that listens there says that it is well, in time."""
    link = http.client.HTTPConnection(LOOPBACK.get(host, host), port, timeout=timeout_s)
    # A name that the server accepts; where it accepts every name, any.
    name = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].replace("*", "localhost")
    try:
        link.request("GET", "/healthz", headers={"Host": name})
        return link.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        link.close()


if __name__ == "__main__":
    sys.exit(not answers("127.0.0.1", int(sys.argv[1]), timeout_s=4.0))
