from oxijwt.token_blacklist.models import *
