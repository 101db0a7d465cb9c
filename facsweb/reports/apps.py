from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "facsweb.reports"

    def ready(self) -> None:
        from facsweb.audit import hooks as audit_hooks
        from facsweb.processes import duties
        from facsweb.reports import anchoring, documents, leftovers, packages, resting, services
        from facsweb.reports import hooks as own_hooks
        from facsweb.studies import hooks

        hooks.on_withdrawal.append(resting.after_withdrawal)
        hooks.at_work.append(resting.at_work)
        own_hooks.on_revocation.append(packages.after_revocation)
        duties.duties.extend((services.recover_reports, documents.recover, packages.recover, leftovers.recover))
        audit_hooks.signer.append(anchoring.sign)
        audit_hooks.own_certificates.append(anchoring.certificates)
