from django.urls import path

from facsweb.meaning import combination_views, compare_views, indicator_views, marking_views, views

app_name = "meaning"
urlpatterns = [
    path("runs/<uuid:pk>/lanes", views.lanes_of_run, name="lanes"),
    path("runs/<uuid:pk>/markers", marking_views.markers, name="markers"),
    path("runs/<uuid:pk>/speakers", marking_views.speakers, name="speakers"),
    path("runs/<uuid:pk>/meaning/", views.session, name="session"),
    path("runs/<uuid:pk>/read/", views.read, name="read"),
    path("studies/<uuid:pk>/compare/", compare_views.compare, name="compare"),
    path("studies/<uuid:pk>/combinations/", combination_views.combinations, name="combinations"),
    path("studies/<uuid:pk>/combinations/new/", combination_views.combination_new, name="combination_new"),
    path(
        "studies/<uuid:pk>/combinations/<slug:key>/",
        combination_views.combination_change,
        name="combination_change",
    ),
    path(
        "studies/<uuid:pk>/combinations/<slug:key>/remove/",
        combination_views.combination_remove,
        name="combination_remove",
    ),
    path("studies/<uuid:pk>/indicators/", indicator_views.listing, name="indicators"),
    path("studies/<uuid:pk>/indicators/formulas.toml", indicator_views.download, name="indicators_file"),
    path("studies/<uuid:pk>/indicators/new/", indicator_views.new, name="indicator_new"),
    path("studies/<uuid:pk>/indicators/<slug:key>/", indicator_views.change, name="indicator_change"),
    path("studies/<uuid:pk>/indicators/<slug:key>/back/", indicator_views.back, name="indicator_back"),
]
