from django.urls import path

from facsweb.learning import views

app_name = "learning"
urlpatterns = [
    path("", views.scorer_list, name="list"),
    path("train", views.start, name="start"),
    path("default", views.default, name="default"),
    path("trainings/<uuid:pk>/", views.training, name="training"),
    path("trainings/<uuid:pk>/stop", views.cancel, name="cancel"),
    path("<str:kind>/<str:version>/", views.scorer, name="scorer"),
    path("<str:kind>/<str:version>/card.md", views.card, name="card"),
]
