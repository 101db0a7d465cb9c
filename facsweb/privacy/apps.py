from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    name = "facsweb.privacy"

    def ready(self) -> None:
        from facsweb.privacy import certificates, destroying, presentation, recovery, services, verifying
        from facsweb.processes.duties import duties
        from facsweb.recordings.hooks import on_deletion
        from facsweb.reports import hooks as reports
        from facsweb.studies.hooks import certificates as own_certificates
        from facsweb.studies.hooks import destruction, on_law_change, on_withdrawal

        # First of all: what other apps delete at once gets its tombstone before it is gone.
        if services.after_withdrawal not in on_withdrawal:
            on_withdrawal.insert(0, services.after_withdrawal)
            on_deletion.insert(0, destroying.note_deletion)
            on_law_change.insert(0, services.after_law_change)
            reports.known.append(verifying.known)
            reports.sealed_here.append(verifying.sealed_here)
            reports.destroyed.append(verifying.destroyed)
            destruction.append(presentation.own_state)
            reports.printed.append(verifying.printed)
            own_certificates.append(certificates.listed)
            duties.append(recovery.recover)
