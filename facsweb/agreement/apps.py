from django.apps import AppConfig


class AgreementConfig(AppConfig):
    name = "facsweb.agreement"

    def ready(self) -> None:
        from facsweb.agreement.trace import alias
        from facsweb.coding import hooks

        if alias not in hooks.aliases:
            hooks.aliases.append(alias)
