from oxijwt.utils import *
