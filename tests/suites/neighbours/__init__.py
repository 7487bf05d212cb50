"""Other packages on oxijwt: tests with dj-rest-auth, djoser, django-allauth, django-axes and adrf, and own suites."""
