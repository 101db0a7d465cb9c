"""Addresses of studies. ``facsweb.home.study_urls`` adds ``detail`` and ``participant`` to this namespace."""

from django.urls import path

from facsweb.studies import consent_views, views

app_name = "studies"
urlpatterns = [
    path("studies/", views.study_list, name="list"),
    path("studies/new/", views.study_create, name="create"),
    path("studies/<uuid:pk>/change/", views.study_change, name="change"),
    path("studies/<uuid:pk>/members/", views.members, name="members"),
    path("studies/<uuid:pk>/members/add/", views.member_add, name="member_add"),
    path("studies/<uuid:pk>/members/remove/", views.member_remove, name="member_remove"),
    path("studies/<uuid:pk>/participants/new/", views.participant_create, name="participant_create"),
    path("studies/<uuid:pk>/consent-forms/new/", consent_views.consent_form_create, name="consent_form_create"),
    path("consent-forms/<uuid:pk>/", consent_views.consent_form, name="consent_form"),
    path("participants/<uuid:pk>/cohort/", views.participant_cohort, name="participant_cohort"),
    path("participants/<uuid:pk>/consent/", consent_views.consent_create, name="consent_create"),
    path("consents/<uuid:pk>/", consent_views.consent, name="consent"),
    path("consents/<uuid:pk>/withdraw/", consent_views.consent_withdraw, name="consent_withdraw"),
]
