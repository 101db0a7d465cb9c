from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "facsweb.learning"

    def ready(self) -> None:
        from facsweb.learning import recovery, services
        from facsweb.processes.duties import duties
        from facsweb.runs import hooks
        from facsweb.studies.hooks import at_work, on_withdrawal

        on_withdrawal.append(services.after_withdrawal)
        at_work.append(services.at_work)
        hooks.default_scorer.append(services.default_name)
        hooks.scorer_notes.append(services.note)
        duties.append(recovery.recover)
