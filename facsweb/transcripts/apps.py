from django.apps import AppConfig


class TranscriptsConfig(AppConfig):
    name = "facsweb.transcripts"

    def ready(self) -> None:
        from facsweb.processes.duties import duties
        from facsweb.recordings.hooks import on_deletion
        from facsweb.studies.hooks import on_withdrawal
        from facsweb.transcripts import analysing, speech
        from facsweb.transcripts.forgetting import forget_withdrawn, note_deletion

        on_withdrawal.append(forget_withdrawn)
        on_deletion.append(note_deletion)
        duties += [analysing.recover, speech.recover]
