from oxijwt import *
