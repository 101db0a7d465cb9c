from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "facsweb.runs"

    def ready(self) -> None:
        from facsweb.processes.duties import duties
        from facsweb.recordings.hooks import on_deletion
        from facsweb.runs import hooks
        from facsweb.runs.people import leave_out_for_withdrawal
        from facsweb.runs.people_reading import follow_up
        from facsweb.runs.services import cancel_for_withdrawal, recover, remove_with_recording
        from facsweb.studies.hooks import on_withdrawal

        on_withdrawal += [cancel_for_withdrawal, leave_out_for_withdrawal]
        hooks.on_success.append(follow_up)
        on_deletion.append(remove_with_recording)
        duties.append(recover)
