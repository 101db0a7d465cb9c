from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "facsweb.reports"

    def ready(self) -> None:
        from facsweb.processes import duties
        from facsweb.reports import services
        from facsweb.studies import hooks

        hooks.on_withdrawal.append(services.revoke_after_withdrawal)
        duties.duties.append(services.recover_reports)
