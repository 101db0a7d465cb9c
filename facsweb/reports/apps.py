from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "facsweb.reports"

    def ready(self) -> None:
        from facsweb.processes import duties
        from facsweb.reports import documents, packages, services
        from facsweb.studies import hooks

        hooks.on_withdrawal.append(services.revoke_after_withdrawal)
        hooks.on_withdrawal.append(packages.after_withdrawal)
        duties.duties.extend((services.recover_reports, documents.recover, packages.recover))
