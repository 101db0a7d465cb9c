from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "facsweb.audit"

    def ready(self) -> None:
        from facsweb.audit import anchors
        from facsweb.processes.duties import duties

        duties.append(anchors.daily)
