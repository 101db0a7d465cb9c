from django.apps import AppConfig


class TranscriptsConfig(AppConfig):
    name = "facsweb.transcripts"

    def ready(self) -> None:
        from facsweb.processes.duties import duties
        from facsweb.recordings.hooks import on_deletion
        from facsweb.studies.hooks import on_law_change, on_withdrawal
        from facsweb.transcripts import analysing, speech
        from facsweb.transcripts.forgetting import after_law_change, forget_withdrawn, note_deletion

        on_law_change.append(after_law_change)
        on_withdrawal.append(forget_withdrawn)
        on_deletion.append(note_deletion)
        duties += [analysing.recover, speech.recover]
