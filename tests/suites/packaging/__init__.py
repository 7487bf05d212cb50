"""What a stranger gets: wheel, sdist, notices, the steps of README.md, and the workflow that builds the files."""
