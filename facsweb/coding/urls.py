from django.urls import path

from facsweb.coding import change_views, preference_views, views

app_name = "coding"
urlpatterns = [
    path("workbench/", preference_views.preferences, name="preferences"),
    path("runs/<uuid:pk>/review/", views.review, name="review"),
    path("runs/<uuid:pk>/signals", views.signals, name="signals"),
    path("runs/<uuid:pk>/frames", views.frames, name="frames"),
    path("runs/<uuid:pk>/layers/", views.layer_create, name="layer_create"),
    path("layers/<uuid:pk>/events/", views.events, name="events"),
    path("layers/<uuid:pk>/changes/", change_views.changes, name="changes"),
    path("layers/<uuid:pk>/events/add/", views.event_create, name="event_create"),
    path("events/<uuid:pk>/", views.event_change, name="event_change"),
    path("events/<uuid:pk>/history/", views.event_history, name="event_history"),
]
