from django.apps import AppConfig


class AssignmentsConfig(AppConfig):
    name = "facsweb.assignments"

    def ready(self) -> None:
        from facsweb.assignments.reading import about_layer, role_warning
        from facsweb.coding import hooks as coding
        from facsweb.studies import hooks as studies

        if about_layer not in coding.about_layer:
            coding.about_layer.append(about_layer)
        if role_warning not in studies.role_warnings:
            studies.role_warnings.append(role_warning)
