"""Jobs of the queue: ids in, services do the work."""

from __future__ import annotations

from uuid import UUID


def make_waveform(run_id: str) -> None:
    """Read the sound of a run's recording for the timeline; safe to run twice."""
    from facsweb.coding import waveform

    waveform.make(UUID(run_id))
