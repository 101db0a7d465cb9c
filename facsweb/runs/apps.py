from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "facsweb.runs"

    def ready(self) -> None:
        from facsweb.processes.duties import duties
        from facsweb.recordings import hooks as recordings
        from facsweb.recordings.hooks import on_deletion
        from facsweb.runs import hooks, people
        from facsweb.runs.people_reading import follow_up
        from facsweb.runs.services import at_work, cancel_for_withdrawal, recover, remove_with_recording
        from facsweb.studies import hooks as studies
        from facsweb.studies.hooks import on_withdrawal

        on_withdrawal += [cancel_for_withdrawal, people.leave_out_for_withdrawal]
        hooks.on_success.append(follow_up)
        on_deletion.append(remove_with_recording)
        recordings.at_work.append(at_work)
        studies.at_work.append(people.at_work)
        duties.append(recover)
