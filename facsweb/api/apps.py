from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "facsweb.api"

    def ready(self) -> None:
        from facsweb.api import delivering, events, forgetting
        from facsweb.audit import hooks
        from facsweb.privacy.hooks import on_destruction
        from facsweb.processes.duties import duties

        hooks.on_entry.append(events.on_entry)
        on_destruction.append(forgetting.about)
        duties.append(delivering.recover)
