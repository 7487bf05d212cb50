from oxijwt.models import *
