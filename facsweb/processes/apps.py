from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    name = "facsweb.processes"

    def ready(self) -> None:
        from facsweb.processes import queue, upkeep
        from facsweb.processes.duties import duties

        duties.insert(0, queue.tend)
        duties.append(upkeep.keep_figures)
