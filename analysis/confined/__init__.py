"""Reading of untrusted bytes in child processes with hard limits, never in the process that asks.

One helper process (`server`) has the readers loaded and forks a child for every file. The child (`jail`) has
limits on memory, processor time, clock time, file size and open files, sees no file but the one that it was
handed, has no network, starts no program, and holds no secret: its environment is empty. What it answers is JSON,
from which our plain values are made and nothing else (`plain`). A file that breaks its reader costs that child.

What is read here is listed in `tasks`; long work on a recording (runs, copies for browsers) is done in a worker's
child with limits of its own (`facsweb.processes.limits`).
"""

from analysis.confined.calls import coding, kind_of, picture, probe, still, taste_pdf, transcript, warm

__all__ = ["coding", "kind_of", "picture", "probe", "still", "taste_pdf", "transcript", "warm"]
