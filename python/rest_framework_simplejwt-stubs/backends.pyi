from oxijwt.backends import *
