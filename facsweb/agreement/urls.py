from django.urls import path

from facsweb.agreement import adjudication_views, views

app_name = "agreement"
urlpatterns = [
    path("studies/<uuid:pk>/agreement/", views.study, name="study"),
    path("studies/<uuid:pk>/agreement/figures.csv", views.table_csv, name="csv"),
    path("agreement/<uuid:pk>/<uuid:other>/", views.pair, name="pair"),
    path("agreement/<uuid:pk>/<uuid:other>/adjudicate/", views.start, name="start"),
    path("adjudications/<uuid:pk>/", adjudication_views.adjudication, name="adjudication"),
    path("adjudications/<uuid:pk>/steps/", adjudication_views.steps, name="steps"),
    path("adjudications/<uuid:pk>/decide/", adjudication_views.decide, name="decide"),
    path("adjudications/<uuid:pk>/give-up/", adjudication_views.give_up, name="give_up"),
    path("adjudications/<uuid:pk>/names/", adjudication_views.names, name="names"),
]
