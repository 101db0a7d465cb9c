from django.urls import path

from facsweb.runs import neutral_views, people_views, views

app_name = "runs"
urlpatterns = [
    path("recordings/<uuid:pk>/runs/", views.start, name="start"),
    path("runs/<uuid:pk>/", views.detail, name="detail"),
    path("runs/<uuid:pk>/snapshot", views.snapshot, name="snapshot"),
    path("runs/<uuid:pk>/still", views.still, name="still"),
    path("runs/<uuid:pk>/cancel", views.cancel, name="cancel"),
    path("runs/<uuid:pk>/interpret", neutral_views.interpret, name="interpret"),
    path("runs/<uuid:pk>/neutral", neutral_views.detail, name="neutral"),
    path("runs/<uuid:pk>/neutral/undo", neutral_views.undo, name="neutral_undo"),
    path("runs/<uuid:pk>/neutral/<int:face>", neutral_views.picture, name="neutral_picture"),
    path("runs/<uuid:pk>/scorer", views.rescore, name="rescore"),
    path("runs/<uuid:pk>/people", people_views.detail, name="people"),
    path("runs/<uuid:pk>/people/change", people_views.change, name="people_change"),
    path("runs/<uuid:pk>/people/<int:number>", people_views.picture, name="people_picture"),
    path("runs/<uuid:pk>/files/<str:name>", views.download, name="download"),
]
