from oxijwt.tokens import *
