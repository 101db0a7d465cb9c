from django.urls import path

from facsweb.live import views

app_name = "live"
urlpatterns = [
    path("participants/<uuid:pk>/live/", views.page, name="page"),
    path("participants/<uuid:pk>/live/begin", views.begin, name="begin"),
    path("live/<uuid:pk>/markers", views.markers, name="markers"),
    path("live/<uuid:pk>/end", views.end, name="end"),
    path("live/<uuid:pk>/throw-away", views.throw_away, name="throw_away"),
]
