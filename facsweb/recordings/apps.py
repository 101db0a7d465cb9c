from django.apps import AppConfig


class RecordingsConfig(AppConfig):
    name = "facsweb.recordings"

    def ready(self) -> None:
        from facsweb.processes.duties import duties
        from facsweb.recordings import acceptance, proxies
        from facsweb.recordings.uploads import reject_withdrawn
        from facsweb.studies import hooks

        hooks.on_withdrawal.append(reject_withdrawn)
        duties += [proxies.recover, acceptance.recover]
