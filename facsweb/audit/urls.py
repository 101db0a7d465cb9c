from django.urls import path

from facsweb.audit import views

app_name = "audit"
urlpatterns = [
    path("studies/<uuid:pk>/audit/", views.log, name="log"),
    path("studies/<uuid:pk>/audit/export/", views.study_export, name="export"),
    path("log/", views.installation, name="installation"),
    path("log/export/", views.installation_export, name="installation_export"),
]
