from django.urls import path

from facsweb.api import webhook_views

app_name = "webhooks"
urlpatterns = [
    path("studies/<uuid:pk>/webhooks/", webhook_views.webhook_list, name="list"),
    path("webhooks/<uuid:pk>/", webhook_views.webhook_detail, name="detail"),
    path("deliveries/<uuid:pk>/again/", webhook_views.again, name="again"),
]
