"""A folder or test module for each of the package's. Imported as `tests.oxijwt`, so that `oxijwt` is the package."""
