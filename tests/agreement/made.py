"""Two codings of a run that differ in known places; for the tests of several pages."""

from __future__ import annotations

from typing import Any

from facsweb.accounts.models import User
from facsweb.coding import services, workflow
from facsweb.studies.models import Membership
from tests.conftest import PASSWORD


def add_coders(people: dict[str, Any], study: Any) -> None:
    """Two more coders, ``second`` who codes the same and ``judge`` who settles."""
    for name in ("second", "judge"):
        people[name] = User.objects.create_user(f"{name}@example.org", f"{name.title()} Person", PASSWORD)
        Membership.objects.create(study=study, user=people[name], role="coder")


def make_codings(run: Any, one: Any, two: Any) -> list[Any]:
    """Submitted: of seven events five agree; an intensity, a missed event, and one more of the second coder's."""
    layers = []
    for user in (one, two):
        layer = services.open_layer(user, run)
        layer.refresh_from_db()
        layers.append(layer)
    first, second = layers

    def event(layer: Any, code: str, onset_us: int) -> Any:
        found = {(one.code, one.onset_us): one for one in services.current_events(layer)}
        return layer.events.get(pk=found[code, onset_us].id)

    services.change_event(one, event(first, "12", 1_000_000), {"intensity": "B"}, expected=1)
    services.delete_event(two, event(second, "45", 8_800_000), expected=1)
    more = {"code": "14", "side": "left", "intensity": "B", "onset_us": 2_000_000, "apex_us": 2_500_000}
    services.create_event(two, second, {**more, "offset_us": 3_000_000, "note": "a note"})
    for layer, user in zip(layers, (one, two), strict=True):
        workflow.submit(user, layer)
    return layers
