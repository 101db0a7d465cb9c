from django.apps import AppConfig


class OperationConfig(AppConfig):
    name = "facsweb.operation"

    def ready(self) -> None:
        from facsweb.operation import heartbeats
        from facsweb.processes import beats

        beats.listeners.append(heartbeats.note)
