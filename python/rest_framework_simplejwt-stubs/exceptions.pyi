from oxijwt.exceptions import *
