from django.urls import path

from facsweb.exchange import views

app_name = "exchange"
urlpatterns = [
    path("layers/<uuid:pk>/export/", views.export, name="export"),
    path("layers/<uuid:pk>/export/<slug:key>/", views.download, name="download"),
    path("layers/<uuid:pk>/remove/", views.remove, name="remove"),
    path("runs/<uuid:pk>/import/", views.upload, name="import"),
    path("imports/<uuid:pk>/", views.preview, name="preview"),
]
