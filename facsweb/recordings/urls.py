"""Addresses of recordings. ``recordings:detail``, which shows runs too, is in ``home.recording_urls``."""

from django.urls import path

from facsweb.recordings import tus_views, views

app_name = "recordings"
urlpatterns = [
    path("participants/<uuid:pk>/upload/", views.upload, name="upload"),
    path("participants/<uuid:pk>/upload/tus/", tus_views.create, name="tus_create"),
    path("uploads/<uuid:pk>/", tus_views.resume, name="tus"),
    path("recordings/<uuid:pk>/video", views.video, name="video"),
    path("recordings/<uuid:pk>/poster", views.poster, name="poster"),
    path("recordings/<uuid:pk>/change/", views.change, name="change"),
    path("recordings/<uuid:pk>/delete/", views.delete, name="delete"),
]
