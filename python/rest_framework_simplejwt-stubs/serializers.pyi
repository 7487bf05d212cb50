from oxijwt.serializers import *
