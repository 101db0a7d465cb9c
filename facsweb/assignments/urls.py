from django.urls import path

from facsweb.assignments import views

app_name = "assignments"
urlpatterns = [
    path("studies/<uuid:pk>/assignments/", views.assignment_list, name="list"),
    path("studies/<uuid:pk>/assignments/new/", views.plan, name="new"),
    path("batches/<uuid:pk>/", views.batch, name="batch"),
    path("assignments/<uuid:pk>/", views.detail, name="detail"),
]
