"""OpenID Connect and OAuth: who is calling. One endpoint a file."""
