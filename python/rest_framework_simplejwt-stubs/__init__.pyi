from oxijwt import *
from oxijwt import __version__ as __version__
