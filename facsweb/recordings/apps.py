from django.apps import AppConfig


class RecordingsConfig(AppConfig):
    name = "facsweb.recordings"

    def ready(self) -> None:
        from facsweb.processes.duties import duties
        from facsweb.recordings import acceptance, proxies
        from facsweb.recordings.hooks import of_participant
        from facsweb.recordings.uploads import reject_withdrawn
        from facsweb.studies import hooks

        hooks.on_withdrawal.append(reject_withdrawn)
        hooks.at_work.append(of_participant)
        duties += [proxies.recover, acceptance.recover]
