from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    name = "facsweb.processes"

    def ready(self) -> None:
        from facsweb.processes import upkeep
        from facsweb.processes.duties import duties

        duties.append(upkeep.keep_figures)
