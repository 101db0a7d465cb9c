"""The whole ``recordings`` namespace: the app's own addresses and the page that joins recordings with their runs.

As in ``study_urls``: a recording must not import runs, so the view lives at the top of the import order.
"""

from django.urls import path

from facsweb.home import recording_page
from facsweb.recordings import urls as ground

app_name = ground.app_name
urlpatterns = [
    *ground.urlpatterns,
    path("recordings/<uuid:pk>/", recording_page.recording, name="detail"),
]
