"""RFC 9700 on refresh tokens: a test named after each rule."""
