from django.apps import AppConfig


class QuotasConfig(AppConfig):
    name = "facsweb.quotas"

    def ready(self) -> None:
        from facsweb.quotas import services
        from facsweb.recordings import hooks as recording_hooks
        from facsweb.runs import hooks as run_hooks

        recording_hooks.before_upload.append(services.check_upload)
        recording_hooks.before_more.append(services.check_more)
        run_hooks.before_run.append(services.check_run)
