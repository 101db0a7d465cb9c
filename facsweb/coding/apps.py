from django.apps import AppConfig


class CodingConfig(AppConfig):
    name = "facsweb.coding"

    def ready(self) -> None:
        from facsweb.audit import hooks as audit
        from facsweb.coding.machine import make_machine_layer
        from facsweb.coding.preparing import prepare_run
        from facsweb.coding.protection import being_written, signed
        from facsweb.coding.sight import hides, hides_on, withheld_entries
        from facsweb.coding.statuses import statuses
        from facsweb.recordings import hooks as recordings
        from facsweb.runs import hooks
        from facsweb.transcripts import hooks as words

        if make_machine_layer not in hooks.on_success:
            hooks.on_success.append(make_machine_layer)
        if prepare_run not in hooks.on_success:
            hooks.on_success.append(prepare_run)
        if signed not in hooks.protections:
            hooks.protections.append(signed)
        if being_written not in recordings.at_work:
            recordings.at_work.append(being_written)
        if hides not in hooks.hidden:
            hooks.hidden.append(hides)
        if hides_on not in words.hidden:
            words.hidden.append(hides_on)
        if withheld_entries not in audit.withheld:
            audit.withheld.append(withheld_entries)
        if statuses not in hooks.codings:
            hooks.codings.append(statuses)
