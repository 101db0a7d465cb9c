from django.urls import path

from facsweb.accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.account_list, name="list"),
    path("new/", views.account_create, name="create"),
    path("<uuid:pk>/", views.account_change, name="change"),
]
