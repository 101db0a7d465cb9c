from django.apps import AppConfig


class CodingConfig(AppConfig):
    name = "facsweb.coding"

    def ready(self) -> None:
        from facsweb.coding.machine import make_machine_layer
        from facsweb.coding.protection import signed
        from facsweb.runs import hooks

        if make_machine_layer not in hooks.on_success:
            hooks.on_success.append(make_machine_layer)
        if signed not in hooks.protections:
            hooks.protections.append(signed)
