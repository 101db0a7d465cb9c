from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "facsweb.api"

    def ready(self) -> None:
        from facsweb.api import delivering, events
        from facsweb.audit import hooks
        from facsweb.processes.duties import duties

        hooks.on_entry.append(events.on_entry)
        duties.append(delivering.recover)
