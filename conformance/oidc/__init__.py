"""How a relying party speaks with an OpenID provider. Nothing here judges: checks do."""
