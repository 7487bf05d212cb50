"""`make scale`: what token sessions cost at a million rows on PostgreSQL, measured against fixed limits."""
