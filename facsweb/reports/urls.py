from django.urls import path

from facsweb.reports import consent_copy, document_views, package_views, second_views, views

app_name = "reports"
urlpatterns = [
    path("consents/<uuid:pk>/copy/", consent_copy.consent_copy, name="consent_copy"),
    path("c/<slug:secret>/copy/", consent_copy.own_copy, name="own_copy"),
    path("layers/<uuid:pk>/sign/", views.sign, name="sign"),
    path("reports/", views.report_list, name="list"),
    path("reports/<uuid:pk>/", views.detail, name="detail"),
    path("reports/<uuid:pk>/state/", views.state, name="state"),
    path("reports/<uuid:pk>/pdf/", document_views.pdf, name="pdf"),
    path("reports/<uuid:pk>/csv/", document_views.csv, name="csv"),
    path("reports/<uuid:pk>/json/", document_views.json, name="json"),
    path("reports/<uuid:pk>/files/<slug:kind>/", document_views.file, name="file"),
    path("reports/<uuid:pk>/documents/", document_views.make, name="document_make"),
    path("reports/<uuid:pk>/documents/<slug:kind>/<slug:language>/", document_views.document, name="document"),
    path("reports/<uuid:pk>/retry/", views.retry, name="retry"),
    path("reports/<uuid:pk>/revoke/", views.revoke, name="revoke"),
    path("reports/<uuid:pk>/countersign/", second_views.countersign, name="countersign"),
    path("reports/<uuid:pk>/send-back/", second_views.send_back, name="send_back"),
    path("studies/<uuid:pk>/reports/", package_views.study, name="study"),
    path("studies/<uuid:pk>/reports/four-eyes/", second_views.four_eyes, name="four_eyes"),
    path("studies/<uuid:pk>/reports/package/", package_views.start, name="package_start"),
    path("packages/<uuid:pk>/state/", package_views.state, name="package_state"),
    path("packages/<uuid:pk>/download/", package_views.download, name="package_download"),
    path("packages/<uuid:pk>/cancel/", package_views.cancel, name="package_cancel"),
]
