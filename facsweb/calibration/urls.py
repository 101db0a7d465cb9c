from django.urls import path

from facsweb.calibration import views

app_name = "calibration"
urlpatterns = [
    path("", views.cohort_list, name="list"),
    path("new/", views.cohort_create, name="cohort_create"),
    path("calibrate", views.start, name="start"),
    path("apply", views.choose, name="choose"),
    path("calibrations/<uuid:pk>/", views.version, name="version"),
    path("calibrations/<uuid:pk>/stop", views.cancel, name="cancel"),
    path("calibrations/<uuid:pk>/calibration.json", views.download, name="download"),
    path("cohorts/<uuid:pk>/", views.cohort_change, name="cohort_change"),
    path("cohorts/<uuid:pk>/use", views.cohort_use, name="cohort_use"),
]
