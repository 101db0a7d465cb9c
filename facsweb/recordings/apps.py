from django.apps import AppConfig


class RecordingsConfig(AppConfig):
    name = "facsweb.recordings"
