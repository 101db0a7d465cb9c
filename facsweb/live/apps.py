from django.apps import AppConfig


class LiveConfig(AppConfig):
    name = "facsweb.live"

    def ready(self) -> None:
        from facsweb.live.recovery import recover
        from facsweb.live.services import after_withdrawal
        from facsweb.processes.duties import duties
        from facsweb.studies.hooks import on_withdrawal

        on_withdrawal.append(after_withdrawal)
        duties.append(recover)
