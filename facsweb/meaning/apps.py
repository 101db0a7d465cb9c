from django.apps import AppConfig


class MeaningConfig(AppConfig):
    name = "facsweb.meaning"

    def ready(self) -> None:
        from facsweb.coding import hooks as coding
        from facsweb.meaning import lanes, recovery, services, withdrawing
        from facsweb.processes.duties import duties
        from facsweb.recordings import hooks as recordings
        from facsweb.recordings.hooks import on_deletion
        from facsweb.runs import hooks as runs
        from facsweb.studies.hooks import at_work, on_law_change, on_withdrawal
        from facsweb.transcripts.hooks import on_scores

        coding.lanes.append(lanes.of_run)
        on_deletion.append(withdrawing.forget_recording)
        recordings.at_work.append(withdrawing.at_work)
        at_work.append(withdrawing.of_face)
        on_withdrawal.append(withdrawing.after_withdrawal)
        on_law_change.append(withdrawing.after_law_change)
        runs.on_success.append(services.after_run)
        on_scores.append(services.after_scores)
        duties.append(recovery.recover)
