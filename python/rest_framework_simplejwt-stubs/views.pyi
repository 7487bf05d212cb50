from oxijwt.views import *
