from django.apps import AppConfig


class CalibrationConfig(AppConfig):
    name = "facsweb.calibration"

    def ready(self) -> None:
        from facsweb.calibration import recovery, services
        from facsweb.meaning.hooks import calibrations
        from facsweb.processes.duties import duties
        from facsweb.studies.hooks import at_work, on_withdrawal

        on_withdrawal.append(services.after_withdrawal)
        at_work.append(services.at_work)
        calibrations.append(services.for_participant)
        duties.append(recovery.recover)
