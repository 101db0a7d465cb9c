"""Whether a process of this host is well, said by the exit status: what a container's health check asks.

``python -m facsweb.processes.health PORT`` asks the web server, ``… health worker`` (or ``recovery``, ``live``)
whether the loop of that process turns.
"""

from __future__ import annotations

import http.client
import os
import sys
from typing import Final

from facsweb.processes import beats

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


def is_well(asked: str) -> bool:
    """Whether the web server at a port of this host, or the processes of a kind, are well."""
    return answers("127.0.0.1", int(asked), timeout_s=4.0) if asked.isdigit() else beats.is_well(asked)


if __name__ == "__main__":
    sys.exit(not is_well(sys.argv[1]))
