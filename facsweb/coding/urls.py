from django.urls import path

from facsweb.coding import (
    change_views,
    comment_views,
    history_views,
    preference_views,
    stage_views,
    views,
    waveform_views,
    workflow_views,
)

app_name = "coding"
urlpatterns = [
    path("workbench/", preference_views.preferences, name="preferences"),
    path("runs/<uuid:pk>/review/", views.review, name="review"),
    path("runs/<uuid:pk>/signals", views.signals, name="signals"),
    path("runs/<uuid:pk>/frames", views.frames, name="frames"),
    path("runs/<uuid:pk>/waveform", waveform_views.waveform, name="waveform"),
    path("runs/<uuid:pk>/geometry", stage_views.geometry, name="geometry"),
    path("runs/<uuid:pk>/mesh", stage_views.mesh, name="mesh"),
    path("runs/<uuid:pk>/reason", stage_views.reason, name="reason"),
    path("cards/", stage_views.cards, name="cards"),
    path("runs/<uuid:pk>/layers/", views.layer_create, name="layer_create"),
    path("layers/<uuid:pk>/submit/", workflow_views.submit, name="submit"),
    path("layers/<uuid:pk>/take-back/", workflow_views.take_back, name="take_back"),
    path("layers/<uuid:pk>/events/", views.events, name="events"),
    path("layers/<uuid:pk>/changes/", change_views.changes, name="changes"),
    path("layers/<uuid:pk>/history/", history_views.layer_history, name="layer_history"),
    path("layers/<uuid:pk>/moment/", history_views.layer_moment, name="layer_moment"),
    path("runs/<uuid:pk>/comments/", comment_views.comments, name="comments"),
    path("comments/<uuid:pk>/", comment_views.comment_change, name="comment_change"),
    path("events/<uuid:pk>/history/", views.event_history, name="event_history"),
]
