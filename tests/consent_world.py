"""What the walk through every address needs of consent: links, withdrawals, recorded exceptions."""

from __future__ import annotations

from typing import Any


class OfConsent:
    """Part of `tests.test_access_matrix.World`."""

    people: dict[str, Any]
    participant: Any
    consent: Any

    def consent_links(self) -> Any:
        from facsweb.studies import links

        return links.make(self.people["analyst"], self.participant)[0]

    def justifications(self) -> Any:
        from facsweb.studies.justifying import justify

        study = self.participant.study
        type(study).objects.filter(pk=study.pk).update(setting="workplace")
        reason = "Drivers fall asleep at the wheel; the safety officer agreed."
        return justify(self.people["administrator"], study, ground="safety", reason=reason)

    def secret(self) -> str:
        """The secret of a participant's own link, whose questions have not been answered."""
        from facsweb.studies import links

        return links.make(self.people["analyst"], self.participant)[1]

    def withdrawn(self) -> Any:
        from facsweb.studies.withdrawing import withdraw

        return withdraw(None, self.consent, scopes=["quotation"])

    def people_account(self) -> Any:
        return self.people["coder"]
