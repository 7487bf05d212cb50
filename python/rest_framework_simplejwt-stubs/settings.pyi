from oxijwt.settings import *
