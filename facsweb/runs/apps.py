from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "facsweb.runs"

    def ready(self) -> None:
        from facsweb.processes.duties import duties
        from facsweb.recordings.hooks import on_deletion
        from facsweb.runs.services import cancel_for_withdrawal, recover, remove_with_recording
        from facsweb.studies.hooks import on_withdrawal

        on_withdrawal.append(cancel_for_withdrawal)
        on_deletion.append(remove_with_recording)
        duties.append(recover)
