from oxijwt.token_blacklist.admin import *
