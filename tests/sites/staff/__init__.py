"""A site for staff: the admin of both apps, and users whose key is not called `id`."""
