from oxijwt.token_blacklist.apps import *
