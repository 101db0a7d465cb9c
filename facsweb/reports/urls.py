from django.urls import path

from facsweb.reports import consent_copy, views

app_name = "reports"
urlpatterns = [
    path("consents/<uuid:pk>/copy/", consent_copy.consent_copy, name="consent_copy"),
    path("c/<slug:secret>/copy/", consent_copy.own_copy, name="own_copy"),
    path("layers/<uuid:pk>/sign/", views.sign, name="sign"),
    path("reports/", views.report_list, name="list"),
    path("reports/<uuid:pk>/", views.detail, name="detail"),
    path("reports/<uuid:pk>/state/", views.state, name="state"),
    path("reports/<uuid:pk>/pdf/", views.pdf, name="pdf"),
    path("reports/<uuid:pk>/csv/", views.csv, name="csv"),
    path("reports/<uuid:pk>/json/", views.json, name="json"),
    path("reports/<uuid:pk>/retry/", views.retry, name="retry"),
    path("reports/<uuid:pk>/revoke/", views.revoke, name="revoke"),
]
