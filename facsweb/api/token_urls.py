from django.urls import path

from facsweb.api import token_views

app_name = "tokens"
urlpatterns = [
    path("tokens/", token_views.token_list, name="list"),
    path("tokens/new/", token_views.token_create, name="create"),
    path("api/", token_views.reference, name="reference"),
]
