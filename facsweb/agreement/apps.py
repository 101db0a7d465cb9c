from django.apps import AppConfig


class AgreementConfig(AppConfig):
    name = "facsweb.agreement"

    def ready(self) -> None:
        from facsweb.agreement import forgetting
        from facsweb.agreement.trace import alias
        from facsweb.coding import hooks
        from facsweb.recordings.hooks import on_deletion
        from facsweb.studies.hooks import on_withdrawal

        if alias not in hooks.aliases:
            hooks.aliases.append(alias)
            on_deletion.append(forgetting.forget_recording)
            on_withdrawal.append(forgetting.forget_withdrawn)
