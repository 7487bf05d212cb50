from oxijwt.state import *
