from django.urls import path

from facsweb.transcripts import adding, views, writing

app_name = "transcripts"
urlpatterns = [
    path("studies/<uuid:pk>/texts/", views.listing, name="list"),
    path("studies/<uuid:pk>/texts/add/", adding.document, name="add_document"),
    path("recordings/<uuid:pk>/transcript/", adding.of_recording, name="add"),
    path("text-uploads/<uuid:pk>/", adding.preview, name="preview"),
    path("transcripts/<uuid:pk>/", views.detail, name="detail"),
    path("transcripts/<uuid:pk>/history/", views.history, name="history"),
    path("transcripts/<uuid:pk>/history/<int:number>/", views.revision, name="revision"),
    path("transcripts/<uuid:pk>/files/<slug:kind>", views.download, name="download"),
    path("transcripts/<uuid:pk>/edit/", writing.edit, name="edit"),
    path("transcripts/<uuid:pk>/save", writing.save, name="save"),
    path("transcripts/<uuid:pk>/restore", writing.restore, name="restore"),
    path("transcripts/<uuid:pk>/change/", writing.change, name="change"),
    path("transcripts/<uuid:pk>/delete/", writing.delete, name="delete"),
    path("transcripts/<uuid:pk>/analyse", writing.analyse, name="analyse"),
]
