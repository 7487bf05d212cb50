from oxijwt.token_blacklist import *
