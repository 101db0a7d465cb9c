from django.urls import path

from facsweb.practice import views

app_name = "practice"
urlpatterns = [
    path("studies/<uuid:pk>/practice/", views.overview, name="list"),
    path("studies/<uuid:pk>/practice/new/", views.segment_create, name="create"),
    path("segments/<uuid:pk>/start/", views.start, name="start"),
    path("segments/<uuid:pk>/retire/", views.retire, name="retire"),
    path("attempts/<uuid:pk>/", views.attempt, name="attempt"),
    path("attempts/<uuid:pk>/check/", views.check, name="check"),
    path("attempts/<uuid:pk>/give-up/", views.give_up, name="give_up"),
    path("attempts/<uuid:pk>/feedback/", views.feedback, name="feedback"),
]
