"""Addresses for participants, without a login: the secret in them is the key (``participant_views``)."""

from django.urls import path

from facsweb.studies import participant_views as views

app_name = "consent"
urlpatterns = [
    path("keeping/", views.keeping, name="keeping"),
    path("c/<slug:secret>/", views.start, name="start"),
    path("c/<slug:secret>/language/", views.change_language, name="language"),
    path("c/<slug:secret>/questions/", views.questions, name="questions"),
    path("c/<slug:secret>/withdraw/", views.withdraw, name="withdraw"),
    path("c/<slug:secret>/withdrawn/<uuid:pk>/", views.withdrawn, name="withdrawn"),
]
