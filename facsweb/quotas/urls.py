from django.urls import path

from facsweb.quotas import views

app_name = "quotas"
urlpatterns = [
    path("quotas/", views.quota_list, name="list"),
    path("quotas/studies/<uuid:pk>/", views.change, name="change"),
    path("studies/<uuid:pk>/quota/", views.study, name="study"),
]
