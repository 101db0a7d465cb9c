from django.apps import AppConfig


class LiveConfig(AppConfig):
    name = "facsweb.live"

    def ready(self) -> None:
        from facsweb.live.recovery import recover
        from facsweb.live.services import after_withdrawal, open_sessions
        from facsweb.processes.duties import duties
        from facsweb.studies.hooks import at_work, on_withdrawal

        on_withdrawal.append(after_withdrawal)
        at_work.append(open_sessions)
        duties.append(recover)
