from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "facsweb.reports"

    def ready(self) -> None:
        from facsweb.audit import hooks as audit_hooks
        from facsweb.processes import duties
        from facsweb.reports import anchoring, services
        from facsweb.studies import hooks

        hooks.on_withdrawal.append(services.revoke_after_withdrawal)
        duties.duties.append(services.recover_reports)
        audit_hooks.signer.append(anchoring.sign)
        audit_hooks.own_certificates.append(anchoring.certificates)
