"""The whole ``studies`` namespace: the ground floor's own pages and the two that join what upper layers know.

A study page shows recordings, runs and sign-offs, and a study must not import them. So the two views live here, at
the top of the import order, while their names stay where people look for them: ``studies:detail`` and
``studies:participant``.
"""

from django.urls import path

from facsweb.home import study_views
from facsweb.studies import urls as ground

app_name = ground.app_name
urlpatterns = [
    *ground.urlpatterns,
    path("studies/<uuid:pk>/", study_views.study, name="detail"),
    path("participants/<uuid:pk>/", study_views.participant, name="participant"),
]
