from oxijwt.authentication import *
