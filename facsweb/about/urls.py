from django.urls import path

from facsweb.about import views

app_name = "about"
urlpatterns = [
    path("", views.page, name="record"),
    path("record.json", views.as_json, name="json"),
    path("record.md", views.as_markdown, name="markdown"),
    path("method/", views.method, name="method"),
]
