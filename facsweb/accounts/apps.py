from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "facsweb.accounts"

    def ready(self) -> None:
        from facsweb.accounts import receivers  # noqa: F401  (connects what is in it)
