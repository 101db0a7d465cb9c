"""Every address of the site; who may open what is in ``studies/access.py``."""

from django.urls import include, path

from facsweb.home import views as home
from facsweb.operation import views as operation
from facsweb.reports import views as reports

handler500 = "facsweb.unavailable.server_error"

urlpatterns = [
    path("", home.home, name="home"),
    path("healthz", home.health, name="health"),
    path("readyz", operation.ready, name="ready"),
    path("metrics", operation.metrics, name="metrics"),
    path("favicon.ico", home.favicon, name="favicon"),
    path("models/", home.model_cards, name="model_cards"),
    path("about/", include("facsweb.about.urls")),
    path("verify/", reports.verify, name="verify"),
    path("verify/<str:name>", reports.verify_file, name="verify_file"),
    path("api/v1/", include("facsweb.api.urls")),
    path("account/", include("facsweb.api.token_urls")),
    path("account/", include("facsweb.accounts.entrance_urls")),
    path("people/", include("facsweb.accounts.urls")),
    path("", include("facsweb.studies.participant_urls")),
    path("", include("facsweb.audit.urls")),
    path("", include("facsweb.home.study_urls")),
    path("", include("facsweb.home.recording_urls")),
    path("", include("facsweb.transcripts.urls")),
    path("", include("facsweb.runs.urls")),
    path("", include("facsweb.quotas.urls")),
    path("", include("facsweb.coding.urls")),
    path("", include("facsweb.exchange.urls")),
    path("", include("facsweb.assignments.urls")),
    path("", include("facsweb.practice.urls")),
    path("", include("facsweb.agreement.urls")),
    path("", include("facsweb.meaning.urls")),
    path("", include("facsweb.live.urls")),
    path("", include("facsweb.reports.urls")),
    path("", include("facsweb.privacy.urls")),
    path("", include("facsweb.api.webhook_urls")),
    path("scorers/", include("facsweb.learning.urls")),
    path("cohorts/", include("facsweb.calibration.urls")),
]
