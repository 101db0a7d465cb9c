"""Addresses of studies. ``facsweb.home.study_urls`` adds ``detail`` and ``participant`` to this namespace."""

from django.urls import path

from facsweb.studies import consent_views, law_views, views

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
    path("participants/<uuid:pk>/consent/hand-over/", consent_views.consent_hand_over, name="consent_hand_over"),
    path("participants/<uuid:pk>/links/", consent_views.consent_links, name="consent_links"),
    path("consent-links/<uuid:pk>/revoke/", consent_views.consent_link_revoke, name="consent_link_revoke"),
    path("studies/<uuid:pk>/law/", law_views.study_law, name="law"),
    path("studies/<uuid:pk>/law/justify/", law_views.justify, name="justify"),
    path("justifications/<uuid:pk>/withdraw/", law_views.justification_withdraw, name="justification_withdraw"),
    path("consents/<uuid:pk>/", consent_views.consent, name="consent"),
    path("consents/<uuid:pk>/withdraw/", consent_views.consent_withdraw, name="consent_withdraw"),
]
