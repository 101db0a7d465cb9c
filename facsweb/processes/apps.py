from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    name = "facsweb.processes"

    def ready(self) -> None:
        from facsweb.processes import queue
        from facsweb.processes.duties import duties

        duties.insert(0, queue.tend)
