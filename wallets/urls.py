"""A client's own pages."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from wallets import views

urlpatterns = [
    path("", views.account, name="account"),
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("register/", views.register, name="register"),
]
