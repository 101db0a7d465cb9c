from django.urls import path

from facsweb.privacy import own_views, views

app_name = "privacy"
urlpatterns = [
    path("participants/<uuid:pk>/privacy/", views.participant, name="participant"),
    path("participants/<uuid:pk>/privacy/erase/", views.erase, name="erase"),
    path("participants/<uuid:pk>/privacy/copy/", views.copy, name="copy"),
    path("participants/<uuid:pk>/privacy/hold/", views.hold, name="hold"),
    path("participants/<uuid:pk>/privacy/lift/", views.lift, name="lift"),
    path("copies/<uuid:pk>/download/", views.download, name="download"),
    path("erasures/<uuid:pk>/", views.erasure, name="erasure"),
    path("erasures/<uuid:pk>/certificate/", views.certificate, name="certificate"),
    path("erasures/<uuid:pk>/retry/", views.retry, name="retry"),
    path("c/<slug:secret>/certificates/<uuid:pk>/", own_views.certificate, name="own_certificate"),
    path("studies/<uuid:pk>/retention/", views.retention, name="retention"),
]
