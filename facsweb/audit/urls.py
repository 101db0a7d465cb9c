from django.urls import path

from facsweb.audit import views

app_name = "audit"
urlpatterns = [path("studies/<uuid:pk>/audit/", views.log, name="log")]
