from django.apps import AppConfig


class TranscriptsConfig(AppConfig):
    name = "facsweb.transcripts"

    def ready(self) -> None:
        from facsweb.processes.duties import duties
        from facsweb.recordings import hooks as recordings
        from facsweb.recordings.hooks import on_deletion
        from facsweb.studies import hooks as studies
        from facsweb.studies.hooks import on_law_change, on_withdrawal
        from facsweb.transcripts import analysing, speech
        from facsweb.transcripts.forgetting import (
            after_law_change,
            at_work,
            forget_withdrawn,
            note_deletion,
            scores,
        )

        on_law_change.append(after_law_change)
        on_withdrawal.append(forget_withdrawn)
        on_deletion.append(note_deletion)
        recordings.at_work.append(at_work)
        studies.at_work.append(scores)
        duties += [analysing.recover, speech.recover]
