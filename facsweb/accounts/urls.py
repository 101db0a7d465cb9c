from django.urls import path

from facsweb.accounts import oidc_views, own_views, views

app_name = "accounts"
urlpatterns = [
    path("", views.account_list, name="list"),
    path("invite/", views.invite, name="invite"),
    path("invitations/<uuid:pk>/", views.invitation_change, name="invitation"),
    path("me/", own_views.me, name="me"),
    path("me/sessions/", own_views.open_sessions, name="sessions"),
    path("join/<uuid:pk>/<str:token>/", own_views.join, name="join"),
    path("provider/", oidc_views.start, name="provider"),
    path("provider/back/", oidc_views.back, name="provider_back"),
    path("<uuid:pk>/", views.account_change, name="change"),
]
